"""Models: candidates and their promotion: jobs."""

"""One enterprise: jobs."""

"""Models: candidates and their promotion: commands."""

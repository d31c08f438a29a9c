"""One enterprise: tests of the jobs."""

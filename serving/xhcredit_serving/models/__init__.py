"""Models: candidates and their promotion: HTTP endpoints."""

"""One enterprise: HTTP endpoints."""

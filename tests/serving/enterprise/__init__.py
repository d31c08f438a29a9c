"""One enterprise: tests over HTTP."""

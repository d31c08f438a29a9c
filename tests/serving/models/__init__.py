"""Models: candidates and their promotion: tests over HTTP."""

"""Models: candidates and their promotion: tests of the commands."""

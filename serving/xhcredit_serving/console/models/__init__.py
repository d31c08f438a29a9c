"""Models: candidates and their promotion: pages of the console."""

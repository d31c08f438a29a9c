"""Models: candidates and their promotion: tables and their queries."""

"""Nightly runs: tables and their queries."""

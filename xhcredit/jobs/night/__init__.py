"""Nightly runs: jobs."""

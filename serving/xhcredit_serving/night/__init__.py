"""Nightly runs: HTTP endpoints."""

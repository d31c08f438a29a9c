"""Nightly runs: tests in a real browser."""

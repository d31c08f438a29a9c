"""Nightly runs: tests of the store."""

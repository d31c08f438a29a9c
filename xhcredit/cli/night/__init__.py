"""Nightly runs: commands."""

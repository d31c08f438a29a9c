"""Nightly runs: pages of the console."""

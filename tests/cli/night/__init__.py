"""Nightly runs: tests of the commands."""

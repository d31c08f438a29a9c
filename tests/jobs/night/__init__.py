"""Nightly runs: tests of the jobs."""

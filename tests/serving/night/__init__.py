"""Nightly runs: tests over HTTP."""

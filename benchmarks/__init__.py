"""Benchmarks: ours and peers, measured in the same run.  Start with ``python -m benchmarks``."""

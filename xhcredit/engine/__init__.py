"""Runs feature declarations: one kernel for night, training and online; SQL as the oracle."""

"""Scoring: the model of a day, and the result table of a run."""

"""Training, evaluation and promotion of points tables."""

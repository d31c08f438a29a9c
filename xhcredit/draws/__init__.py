"""Random inspection draws: known inclusion probabilities, repeatable from a seed by SHA-256."""

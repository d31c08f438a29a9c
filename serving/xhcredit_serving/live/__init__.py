"""Live model: the champion in memory, and what is computed with it on request."""

"""HTTP API for other systems and the console: scores, runs, rules, over FastAPI."""

"""Early-warning alerts (预警): tables and their queries."""

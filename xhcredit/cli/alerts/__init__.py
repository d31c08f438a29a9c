"""Early-warning alerts (预警): commands."""

"""Early-warning alerts (预警): tests of the store."""

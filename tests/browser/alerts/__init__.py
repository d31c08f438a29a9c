"""Early-warning alerts (预警): tests in a real browser."""

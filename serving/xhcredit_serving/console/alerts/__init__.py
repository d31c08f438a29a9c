"""Early-warning alerts (预警): pages of the console."""

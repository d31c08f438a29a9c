"""Early-warning alerts (预警): HTTP endpoints."""

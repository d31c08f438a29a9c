"""Early-warning alerts (预警): tests over HTTP."""

"""Early warning (预警): triggers, budget, follow-up workflow, back-test."""

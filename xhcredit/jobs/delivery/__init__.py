"""Delivery of webhooks to other systems: jobs."""

"""Delivery of webhooks to other systems: commands."""

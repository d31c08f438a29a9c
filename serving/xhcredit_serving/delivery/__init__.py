"""Delivery of webhooks to other systems: HTTP endpoints."""

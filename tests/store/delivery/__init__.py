"""Delivery of webhooks to other systems: tests of the store."""

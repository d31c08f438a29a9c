"""Delivery of webhooks to other systems: tests over HTTP."""

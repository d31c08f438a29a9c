"""Delivery of webhooks to other systems: tables and their queries."""

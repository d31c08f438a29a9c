"""Schemas of rule values, one module per family of rules."""

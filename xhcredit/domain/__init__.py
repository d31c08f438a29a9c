"""Frozen values of the domain: codes, persons; no pandas."""

"""Indicators, declared once: five general dimensions here, one module per field in x."""

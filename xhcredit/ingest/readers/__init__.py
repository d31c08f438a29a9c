"""Readers: whatever the source is, afterwards it is a relation of texts with row numbers."""

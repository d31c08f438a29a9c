"""Warehouse jobs: ingestion, the clustered store, rows by enterprise."""

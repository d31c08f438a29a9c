"""Core of the store: database, transactions, hash chain, append-only guards."""

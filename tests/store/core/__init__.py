"""Core of the store: tests of transactions, hash chain, append-only guards, migrations."""

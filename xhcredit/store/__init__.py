"""Database store: runs, snapshots, releases, access and the audit log; SQLite or PostgreSQL."""

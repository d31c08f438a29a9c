"""Access: accounts, sessions, keys and the audit log: HTTP endpoints."""

"""Access: accounts, sessions, keys and the audit log: tests in a real browser."""

"""Access: accounts, sessions, keys and the audit log: commands."""

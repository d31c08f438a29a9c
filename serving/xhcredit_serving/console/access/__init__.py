"""Access: accounts, sessions, keys and the audit log: pages of the console."""

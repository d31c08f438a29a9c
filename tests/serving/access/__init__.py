"""Access: accounts, sessions, keys and the audit log: tests over HTTP."""

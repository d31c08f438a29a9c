"""Access: accounts, sessions, keys and the audit log: tests of the commands."""

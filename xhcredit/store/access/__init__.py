"""Access: accounts, sessions, keys and the audit log: tables and their queries."""

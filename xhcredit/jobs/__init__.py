"""One function per job; every write goes through here."""

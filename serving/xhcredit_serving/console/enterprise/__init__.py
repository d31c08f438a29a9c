"""One enterprise: pages of the console."""

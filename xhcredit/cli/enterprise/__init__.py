"""One enterprise: commands."""

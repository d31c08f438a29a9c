"""Points tables, the 1 + X composite, releases."""

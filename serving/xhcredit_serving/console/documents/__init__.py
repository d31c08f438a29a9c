"""Documents: spreadsheets, PDF and reports: pages of the console."""

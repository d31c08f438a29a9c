"""Documents: spreadsheets, PDF and reports: jobs."""

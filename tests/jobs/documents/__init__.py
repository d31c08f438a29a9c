"""Documents: spreadsheets, PDF and reports: tests of the jobs."""

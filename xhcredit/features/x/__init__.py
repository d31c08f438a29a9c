"""One module per X: its name is the dimension that it declares."""

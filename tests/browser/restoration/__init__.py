"""Credit restoration (信用修复): tests in a real browser."""

"""Credit restoration (信用修复): tests of the store."""

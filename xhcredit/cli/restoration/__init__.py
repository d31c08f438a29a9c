"""Credit restoration (信用修复): commands."""

"""Credit restoration (信用修复): pages of the console."""

"""Credit restoration (信用修复): tables and their queries."""

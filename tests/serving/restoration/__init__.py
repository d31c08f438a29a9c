"""Credit restoration (信用修复): tests over HTTP."""

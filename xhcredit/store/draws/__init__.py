"""Random inspection draws (双随机): tables and their queries."""

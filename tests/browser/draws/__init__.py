"""Random inspection draws (双随机): tests in a real browser."""

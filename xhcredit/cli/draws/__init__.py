"""Random inspection draws (双随机): commands."""

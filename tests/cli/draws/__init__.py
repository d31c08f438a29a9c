"""Random inspection draws (双随机): tests of the commands."""

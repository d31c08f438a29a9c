"""Random inspection draws (双随机): pages of the console."""

"""Random inspection draws (双随机): tests over HTTP."""

"""Random inspection draws (双随机): HTTP endpoints."""

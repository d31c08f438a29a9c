"""Functions behind ``import xhcredit``: the floors below, in the shape that a program wants."""

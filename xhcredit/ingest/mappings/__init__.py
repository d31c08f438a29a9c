"""Mappings that ship with the program."""

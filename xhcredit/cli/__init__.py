"""The shell; it alone knows what day it is."""

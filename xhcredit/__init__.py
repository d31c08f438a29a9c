"""xhcredit: 1+X enterprise credit grading and supervision scoring for a district regulator."""

__version__ = "0.1.0"

"""The shipped release."""

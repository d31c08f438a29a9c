"""Tests of the HTTP side, over a real store with published nights."""

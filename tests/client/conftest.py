"""The nights of the small district."""

from tests.serving.conftest import nights, published

__all__ = ["nights", "published"]

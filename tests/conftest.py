"""Settings that all tests share: small, repeatable searches in CI; large ones at night."""

import os

from hypothesis import settings

settings.register_profile("ci", max_examples=40, derandomize=True, deadline=None)
settings.register_profile("night", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

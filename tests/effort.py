"""How many examples a law is tried on: many where one looks for new ones (`make laws`), a part where the same come back
each time, which prove nothing new by being tried again."""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "same")
PART = 3


def examples(many: int) -> int:
    """So many of them, or a third."""
    return many if PROFILE == "further" else max(many // PART, 5)

"""How many examples a property test tries: fewer where one costs much, more when asked to dig."""

from __future__ import annotations

import os

USUAL = 200  # of a test that sets nothing itself


def examples(count: int) -> int:
    """`count`, scaled as `SALESFORECAST_EXAMPLES` scales the usual 200; never below one.

    A test that says `@settings(max_examples=examples(40))` tries 40 in a usual run and 2,000
    when `make test-deep` asks for 10,000.
    """
    asked = int(os.environ.get("SALESFORECAST_EXAMPLES", str(USUAL)))
    return max(count * asked // USUAL, 1)

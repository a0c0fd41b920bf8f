"""Which variants of a long test are tried: all with PMRUNNER_TEST_EVERYTHING=1, otherwise those that differ most."""

import os
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

EVERYTHING: Final = bool(os.environ.get("PMRUNNER_TEST_EVERYTHING"))


def some(variants: Sequence[T], most: int = 1) -> Sequence[T]:
    """Return the first variants, or all of them where everything is wanted."""
    return variants if EVERYTHING else variants[:most]

"""Files that only say where their content is: pointers of Git LFS."""

import re
from typing import Final

# By its specification a pointer is smaller.
LARGEST: Final = 1024
_POINTER: Final = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*oid [a-z0-9]+:[0-9a-f]+\n"
)


def is_pointer(content: bytes) -> bool:
    """Tell whether this is all of a file whose content lies elsewhere."""
    return len(content) < LARGEST and _POINTER.match(content) is not None

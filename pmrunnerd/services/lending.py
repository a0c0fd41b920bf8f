"""Open files that hold what nobody else may read, lent to a program while it starts.

A command line is for all on the machine to read; a file without a name is not.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_WORD: Final = "--setenv"


@contextlib.contextmanager
def secrets(given: Sequence[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Lend a file for each secret, and return their numbers by variable."""
    with contextlib.ExitStack() as lent:
        yield {variable: str(lent.enter_context(_lent(secret))) for variable, secret in given}


@contextlib.contextmanager
def variables(given: Mapping[str, str]) -> Iterator[int]:
    """Lend a file with the words that set variables, as the `--args` of bubblewrap takes them."""
    words = (word for name, value in given.items() for word in (_WORD, name, value))
    with _lent("".join(f"{word}\0" for word in words)) as file:
        yield file


@contextlib.contextmanager
def _lent(text: str) -> Iterator[int]:
    with open(os.memfd_create("lent"), "w+b", buffering=0) as file:  # noqa: PTH123
        rest = memoryview(os.fsencode(text))
        while rest:
            rest = rest[file.write(rest) :]
        file.seek(0)
        yield file.fileno()

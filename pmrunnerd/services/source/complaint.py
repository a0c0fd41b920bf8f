"""What is said to people where a source cannot be taken: what was wanted, and why that cannot be."""

import contextlib
from collections.abc import Iterator
from typing import Final

from pmrunnerd.model.errors import NotFound, Refused, TooLarge
from pmrunnerd.services.source.objects import Damaged, Missing
from pmrunnerd.services.source.walk import TooMuch, Wrong

_SHALLOW: Final = "git fetch --unshallow   or  git fetch --refetch   brings what a clone left out"
_INSTEAD: Final = "git rm -r --cached PATH   and a commit; then what it stands for as plain files, if it is needed"
_FSCK: Final = "git fsck   in the workspace names what is damaged"


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Have what is raised inside say `cannot WHAT: why`, with what helps. Raises PmError."""
    try:
        yield
    except Missing as exc:
        raise NotFound(f"cannot {what}: {exc}", hint=_SHALLOW) from exc
    except Damaged as exc:
        raise Damaged(f"cannot {what}: {exc}", hint=_FSCK) from exc
    except TooMuch as exc:
        raise TooLarge(f"cannot {what}: {exc}") from exc


def refuse(what: str, wrong: Wrong) -> None:
    """Raise Refused where anything is wrong, with all that is."""
    if wrong.count:
        raise Refused(f"cannot {what}: {wrong}", hint=_INSTEAD)

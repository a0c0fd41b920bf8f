"""What a daemon cannot do, as an error here; and that it went away, which may pass."""

from typing import NoReturn

from pmrunnerctl.exits import BY_CODE, Cannot
from pmrunnerd.model import frames


class Lost(Exception):
    """The daemon is not there now, or went away; asking again may help.

    `nobody`: nothing listens, and so nothing of it is there at all.
    """

    def __init__(self, why: str, *, nobody: bool = False) -> None:
        super().__init__(why)
        self.nobody = nobody


def raise_failure(said: frames.Failed) -> NoReturn:
    """Raise what the daemon said; as Lost, because of it, where the same may work later."""
    error = Cannot(
        said.message,
        exits=BY_CODE[said.code],
        code=said.code,
        hint=said.hint,
        retryable=said.retryable,
    )
    if said.retryable:
        raise Lost(said.message) from error
    raise error

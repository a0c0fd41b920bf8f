"""Whether a request was made before: by its identifier, which its client made."""

import re
from typing import Final

from pmrunnerd.api.desk import Desk
from pmrunnerd.model.errors import BadRequest, Conflict, Refused
from pmrunnerd.store.requests import WINDOW

IDENTIFIER: Final = re.compile(r"[!-~]{1,128}")
# By HTTP; a client of the control socket makes its own.
NEW_ONE: Final = 'curl -H "Idempotency-Key: $(date +%s%3N)-$RANDOM"'


def check_identifier(asked: str, identifier: str) -> None:
    """Raise BadRequest where a changing request has no identifier that can be remembered."""
    if not IDENTIFIER.fullmatch(identifier):
        raise BadRequest(
            f"cannot do {asked}: a request that changes something carries an identifier of its "
            "own, 1 to 128 printable characters; by HTTP it is the header Idempotency-Key",
            hint=NEW_ONE,
        )


def is_repeated(desk: Desk, identifier: str, digest: str) -> bool:
    """Tell whether a request was made before, with this content.

    Raises Conflict where it was another one, and Refused where nobody can tell any more.
    """
    earlier = desk.store.earlier(identifier)
    if earlier is None:
        if desk.store.is_too_old(identifier):
            raise Refused(
                f"cannot tell whether request {identifier} was done: it is too old, and requests are"
                f" remembered for 24 hours, or until {WINDOW:,} others were made",
                hint="look whether it happened; if not, ask again with a new identifier",
            )
        return False
    if earlier.digest != digest:
        raise Conflict(
            f"cannot use request identifier {identifier} again: it was used at {earlier.at} for "
            "something else or by somebody else",
            hint=NEW_ONE,
        )
    return True

"""The kinds of login that an agent may have with its model's provider, and how they are told apart."""

from enum import StrEnum
from typing import Final

LONGEST: Final = 4096


class Login(StrEnum):
    """`api-key` is paid by use; `token` is of `claude setup-token`; `own` is a person's own login."""

    API_KEY = "api-key"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    OWN = "own"


_BEGIN: Final = {"sk-ant-api": Login.API_KEY, "sk-ant-oat": Login.TOKEN}
# `claude setup-token` makes tokens that are good for so many days; nothing in one says since when.
TOKEN_DAYS: Final = 365


def recognize(secret: str) -> Login | None:
    """Tell which kind a secret is by how it begins; None where that does not tell."""
    return next((kind for begin, kind in _BEGIN.items() if secret.startswith(begin)), None)


def is_whole(secret: str) -> bool:
    """Tell whether a secret can be one: visible characters of ASCII, not too many, in one piece."""
    return (
        0 < len(secret) <= LONGEST
        and secret.isascii()
        and secret.isprintable()
        and " " not in secret
    )

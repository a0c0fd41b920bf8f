"""What a person is told who does not look: the notification, where it goes, and what came of it.

An order goes to the program that sends, and a word comes back. Both are lines of JSON between a
daemon and a program of the same release, and are never kept: the address may be a secret.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct


class What(StrEnum):
    """What is worth telling, by its urgency."""

    QUESTION = "question"
    BUDGET = "budget"
    PROMOTION = "promotion"
    FAILURE = "failure"
    LIMIT = "limit"
    TEST = "test"


class Urgency(StrEnum):
    """Whether work waits for a person, or one only wants to know."""

    HIGH = "high"
    NORMAL = "normal"


# How `notify.on` calls them.
KINDS: Final = {
    "questions": What.QUESTION,
    "failures": What.FAILURE,
    "promotions": What.PROMOTION,
    "budgets": What.BUDGET,
    "limits": What.LIMIT,
}
WAITS: Final = frozenset({What.QUESTION, What.BUDGET})


class _Word(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What all of these share: camelCase in JSON, defaults left out."""


class About(_Word, frozen=True, kw_only=True):
    """One thing that happened; `id` names what the inbox or a list calls it."""

    what: What
    id: str
    text: str
    project: str = ""


class Notification(_Word, frozen=True, kw_only=True):
    """What a person reads: all that happened in a short while. `command` is what to type."""

    id: str
    at: str
    environment: str
    title: str
    text: str
    urgency: Urgency
    about: tuple[About, ...]
    command: str
    link: str = ""


class Webhook(_Word, frozen=True, kw_only=True, tag_field="target", tag="webhook"):
    """A URL to which the notification is posted. Whoever knows it may speak there: it is secret."""

    url: str

    def __repr__(self) -> str:
        """Say no more than whoever may see."""
        return f"Webhook({shown(self.url)!r})"


# Web push and a command of the operator's are to stand beside it.
AnyTarget = Webhook


class Order(_Word, frozen=True, kw_only=True):
    """All that the program that sends is told.

    `private` are networks that it may reach though they are no public ones, `proxy` is through whom.
    """

    notification: Notification
    target: AnyTarget
    private: tuple[str, ...] = ()
    proxy: str = ""


class Word(_Word, frozen=True, kw_only=True):
    """What came of an order, in words without the secret part of its target."""

    delivered: bool
    said: str
    hint: str = ""
    tries: int = 1


_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?][!-~]*)?"
)
_DEFAULT: Final = {"https": 443, "http": 80}
_LAST_PORT: Final = 65535


class Address(_Word, frozen=True, kw_only=True):
    """The parts of a URL: a host is a name or an address, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return host and port as a request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT[self.scheme] else f"{host}:{self.port}"


def parsed(url: str) -> Address | None:
    """Return the parts of an http or https URL; None for any other text."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    port = int(found["port"] or _DEFAULT[found["scheme"]])
    if not 0 < port <= _LAST_PORT:
        return None
    path = (found["rest"] or "/").partition("#")[0]
    return Address(
        scheme=found["scheme"],
        host=found["host"].strip("[]"),
        port=port,
        path=path if path.startswith("/") else f"/{path}",
    )


def shown(url: str) -> str:
    """Return what of a URL may be seen: path and query are as good as a password."""
    found = parsed(url)
    if found is None:
        return "…"
    return f"{found.scheme}://{found.authority}" + ("/…" if found.path != "/" else "")


# What the settings take. Each returns the value as it is kept, and raises Unfit.


class Unfit(ValueError):
    """A setting cannot have a value."""


def url(value: Any) -> str:
    """Check a URL to which something is posted, or nothing."""
    if not isinstance(value, str) or (value and parsed(value) is None):
        raise Unfit
    return value


def proxy(value: Any) -> str:
    """Check the URL of a proxy, which is spoken to without TLS, or nothing."""
    checked = url(value)
    found = parsed(checked)
    if found is not None and (found.scheme, found.path) != ("http", "/"):
        raise Unfit
    return checked


def networks(value: Any) -> str:
    """Check addresses and networks."""
    # Of the few who list some: it costs milliseconds at each start.
    from ipaddress import ip_network  # noqa: PLC0415

    try:
        return ",".join(str(ip_network(word, strict=False)) for word in _words(value))
    except ValueError as exc:
        raise Unfit from exc


def kinds(value: Any) -> str:
    """Check names of what is worth telling."""
    words = _words(value)
    if any(word not in KINDS for word in words):
        raise Unfit
    return ",".join(words)


def _words(value: Any) -> list[str]:
    """Return the words of a text, or of a list as a file has it."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return [*value]
    raise Unfit


# How settings that these check are written; what is a secret is not repeated to whoever got it wrong.
URL_SETTING: Final = {
    "or": "an https:// or http:// URL without a user in it",
    "check": url,
    "secret": True,
}
PROXY_SETTING: Final = {"or": "an http:// URL of host and port", "check": proxy}
NETWORKS_SETTING: Final = {
    "or": "addresses and networks, such as 10.1.0.0/16,192.168.7.5",
    "check": networks,
}
KINDS_SETTING: Final = {"or": f"some of {', '.join(KINDS)}", "check": kinds}

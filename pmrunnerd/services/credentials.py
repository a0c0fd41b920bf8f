"""What an agent's program is known by to its provider: read where a run starts, and kept nowhere else.

`secrets/AGENT.json` of a state directory, of which no archive has a copy and which no sandbox shows.
Of a person's own login the file only says where it is: each run reads the access token that is good
now. The refresh token stays theirs, because it changes with each use and two cannot share one.
"""

import contextlib
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.logins import Login

_DIRECTORY: Final = "secrets"
_INSTALLED: Final = Path("/var/lib/pm-runner")
_VARIABLES: Final = {
    Login.API_KEY: "ANTHROPIC_API_KEY",
    Login.TOKEN: "CLAUDE_CODE_OAUTH_TOKEN",
    Login.OWN: "CLAUDE_CODE_OAUTH_TOKEN",
}
RENEW: Final = (
    "claude   # renews the login; or, for one of the runner's own: pmrunnerctl agent login"
)
# A token that is good for no longer than this, in seconds, is not worth a start.
_LEAST: Final = 30
# Bytes of a file that may have a login in it.
_MOST: Final = 1 << 20


class NoLogin(Refused):
    """Nothing is there by which the provider would know us, or it is no good any more.

    `expires` is when it was, or soon will be; empty where that is not why.
    """

    expires: str = ""


class _NoFileError(Exception):
    """What is there is none of the files that have a login in them."""


class Stored(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A login as it is kept: a `secret`, or the `path` of a person's own. `expires` empty: unknown."""

    kind: Login
    secret: str = ""
    path: str = ""
    at: str = ""
    by: str = ""
    expires: str = ""

    def __repr__(self) -> str:
        """Say nothing that a log must not have."""
        return f"Stored(kind={self.kind!r})"


class Credential(Struct, frozen=True, kw_only=True):
    """What the agent's program gets, as variables, and until when that is good; empty is not known."""

    environment: Mapping[str, str]
    expires: str = ""

    def __repr__(self) -> str:
        """Say nothing that a log must not have."""
        return f"Credential(expires={self.expires!r})"


def place(state: Path) -> Path:
    """Return where a state has the logins of agents, if they are not somewhere else."""
    return state / _DIRECTORY


def installed(state: Path) -> Path:
    """Return where the logins are that belong to a state, whose daemon may be sealed from them."""
    elsewhere = _INSTALLED / _DIRECTORY / state.name
    return elsewhere if state.parent == _INSTALLED / "state" else place(state)


def file(place: Path, agent: str) -> Path:
    """Return where in a place of logins that of an agent is kept."""
    return place / f"{agent}.json"


def stored(place: Path, agent: str) -> Stored | None:
    """Return the login of an agent as it is kept; None where none is. Raises NoLogin, OSError."""
    try:
        return msgspec.json.decode(_text(file(place, agent)), type=Stored)
    except FileNotFoundError:
        return None
    except (_NoFileError, msgspec.DecodeError):
        # Without what it says: that could be part of the secret.
        raise NoLogin(
            f"cannot use the login of agent {agent}: its file is damaged",
            hint=f"pmrunnerctl agent login {agent}",
        ) from None


def read(place: Path, agent: str, now: datetime) -> Credential:
    """Return what an agent's program is known by now. Raises NoLogin, OSError."""
    return credential(stored(place, agent), agent, now)


def credential(kept: Stored | None, agent: str, now: datetime) -> Credential:
    """Return what is handed on of a login. Raises NoLogin."""
    if kept is None:
        raise NoLogin(
            f"cannot start agent {agent}: it is not logged in",
            hint=f"pmrunnerctl agent login {agent}",
        )
    if kept.kind is Login.OWN:
        return _own(Path(kept.path), now)
    if kept.expires and datetime.fromisoformat(kept.expires) <= now:
        raise NoLogin(
            f"cannot start agent {agent}: its login expired at {kept.expires}",
            hint=f"claude setup-token && pmrunnerctl agent login {agent}",
        )
    return Credential(environment={_VARIABLES[kept.kind]: kept.secret}, expires=kept.expires)


def _own(path: Path, now: datetime) -> Credential:
    what = f"cannot use the login of Claude Code in {path}"
    try:
        login: Any = msgspec.json.decode(_text(path))["claudeAiOauth"]
        token, until = str(login["accessToken"]), int(login.get("expiresAt") or 0)
    except _NoFileError as exc:
        raise NoLogin(f"{what}: {exc}", hint=RENEW) from None
    except OSError as exc:
        raise NoLogin(f"{what}: {(exc.strerror or str(exc)).lower()}", hint=RENEW) from None
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise NoLogin(f"{what}: there is no access token in it", hint=RENEW) from None
    expires = ""
    if until:
        with contextlib.suppress(ValueError, OverflowError, OSError):
            good = datetime.fromtimestamp(until / 1000, UTC)
            expires = f"{good:%Y-%m-%dT%H:%M:%S}.000Z"
            if (good - now).total_seconds() < _LEAST:
                raise _over(what, expires, ends=good > now)
    return Credential(environment={_VARIABLES[Login.OWN]: token}, expires=expires)


def _over(what: str, expires: str, *, ends: bool) -> NoLogin:
    """Return the refusal of a login that is over, or `ends` too soon to begin with."""
    how = "ends, too soon to start with it," if ends else "expired"
    refusal = NoLogin(f"{what}: it {how} at {expires}", hint=RENEW)
    refusal.expires = expires
    return refusal


def _text(path: Path) -> bytes:
    """Return what is in a file. Raises OSError, _NoFileError: whoever named it may have named a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _NoFileError("it is no file")
        if found.st_size > _MOST:
            raise _NoFileError(f"it has more than {_MOST >> 20} MiB")
        return os.read(descriptor, _MOST)
    finally:
        os.close(descriptor)

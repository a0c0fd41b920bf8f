"""Reads what the daemon asks of root: a file in the daemon's own directory, of which nothing is believed."""

import errno
import os
import pwd
import re
import stat
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import Forbidden, NotFound, Refused, TooLarge
from pmrunnerd.model.naming import ENVIRONMENT
from pmrunnerd.model.promotion import FORMAT, REQUESTS, Order
from pmrunnerd.rules.promotion.vetting import PEOPLES
from pmrunnerd.services.releases.shelf import NAME

# A record of gates and a section of evidence, in base64, and room for more of them than there will be.
MOST: Final = 48 << 20
# Names of directories that root makes; `gates` is one already.
ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
TAKEN: Final = frozenset({"gates"})
# O_NONBLOCK: whoever owns the directory could have put a pipe there.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def place(root: Path, environment: str) -> Path:
    """Return where the daemon of people asks for an environment."""
    return root / REQUESTS / PEOPLES / f"{environment}.json"


def asker(root: Path) -> int:
    """Return whose file an order must be: that daemon's, or in a checkout ours. Raises NotFound."""
    if root != Path("/"):
        return os.geteuid()
    try:
        return pwd.getpwnam(f"pm-runner-{PEOPLES}").pw_uid
    except KeyError as exc:
        raise NotFound(
            f"cannot promote: there is no user pm-runner-{PEOPLES}",
            hint="sudo systemd-sysusers /usr/lib/sysusers.d/pm-runner.conf",
        ) from exc


def read(path: Path, environment: str, owner: int) -> Order:
    """Return the order for an environment. Raises PmError, OSError."""
    order = decode(_bytes(path, owner))
    if order.environment != environment:
        raise Refused(f"cannot promote: {path} is about {order.environment}, and not {environment}")
    return order


def decode(data: bytes) -> Order:
    """Return an order by its bytes. Raises Refused."""
    try:
        order = msgspec.json.decode(data, type=Order)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refused(f"cannot promote: what is asked cannot be read: {exc}") from exc
    if order.format != FORMAT:
        raise Refused(
            f"cannot promote: what is asked is of format {order.format}, and this release knows {FORMAT}"
        )
    wrong = {
        "id": not ID.fullmatch(order.id) or order.id in TAKEN,
        "environment": not ENVIRONMENT.fullmatch(order.environment),
        "release": not NAME.fullmatch(order.release),
        "probation": not 0 <= order.probation <= 86400,  # noqa: PLR2004 - a day
    }
    if names := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise Refused(f"cannot promote: what is asked has no {', no '.join(names)} that can be")
    return order


def _bytes(path: Path, owner: int) -> bytes:
    try:
        file = os.open(path, _FLAGS)
    except FileNotFoundError as exc:
        raise NotFound(
            f"cannot promote: nobody asked: there is no {path}", hint="pmrunnerctl promote"
        ) from exc
    except OSError as exc:
        if exc.errno != errno.ELOOP:
            raise
        # Whoever may write there put it there: an answer, and no trouble of ours.
        raise _no_file(path) from exc
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        os.close(file)
        raise _no_file(path)
    with os.fdopen(file, "rb") as opened:
        if about.st_uid != owner:
            raise Forbidden(
                f"cannot promote: {path} belongs to user {about.st_uid}, and not to {owner}",
                hint=f"ls -l {path}",
            )
        data = opened.read(MOST + 1)
    if len(data) > MOST:
        raise TooLarge(f"cannot promote: {path} has more than {MOST >> 20} MiB")
    return data


def _no_file(path: Path) -> Forbidden:
    return Forbidden(f"cannot promote: {path} is no file", hint=f"ls -l {path}")

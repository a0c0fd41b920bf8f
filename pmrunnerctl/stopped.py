"""Whether a daemon that is away was stopped: then it comes when somebody starts it, and not before.

Of one that systemd runs, systemd tells; of any other, the lock of its state directory, in which it
noted so when it left. Where neither does, it may be about to come.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pmrunnerctl import holder, launch
from pmrunnerctl.where import RUN, Place

_AWAY: Final = {"inactive": "is stopped", "failed": "has failed"}
_NO_JOB: Final = ("", "0")


class Stopped(NamedTuple):
    """Why nobody comes, as the end of a sentence, and what to do about it."""

    why: str
    hint: str


class _Lock(msgspec.Struct):
    stopped: bool = False


def look(place: Place, run: Path = RUN) -> Stopped | None:
    """Return how the daemon of a place, where nobody listens, was stopped; None where none was."""
    directory = place.socket.parent
    if directory.parent != run:
        return _of_state(directory, place)
    if place.socket.exists():  # systemd listens, or will in a moment
        return None
    environment = directory.name
    units = [f"pm-runner@{environment}.{kind}" for kind in ("service", "socket")]
    said = launch.properties_of(units, "LoadState", "ActiveState", "Job")
    hint = f"{place.hint}\npmrunnerctl doctor   # looks at its configuration and its release, too"
    return of_units(environment, said, hint)


def of_units(environment: str, said: Sequence[Mapping[str, str]], hint: str) -> Stopped | None:
    """Read what systemd says of a service and its socket: who starts or restarts one has a job there.

    `hint` is what helps where one has failed.
    """
    if [one.get("LoadState") for one in said] != ["loaded", "loaded"]:
        return None
    states = {one.get("ActiveState", "") for one in said}
    if not states <= set(_AWAY) or any(one.get("Job", "") not in _NO_JOB for one in said):
        return None
    state = "failed" if "failed" in states else "inactive"
    start = f"sudo systemctl start pm-runner@{environment}"
    return Stopped(f"pm-runner@{environment} {_AWAY[state]}", hint if state == "failed" else start)


def _of_state(state: Path, place: Place) -> Stopped | None:
    try:
        lock = msgspec.json.decode((state / "lock").read_bytes(), type=_Lock)
    except (OSError, msgspec.MsgspecError):
        return None
    if not lock.stopped or holder.is_there(state):
        return None
    return Stopped("it was stopped, and nobody has started it since", place.hint)

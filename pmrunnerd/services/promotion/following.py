"""Reads what root writes down of promotions, and of the trial: as it is, and without a belief that we know all of it."""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.promotion import RECORDS, REQUESTS, STEPS
from pmrunnerd.model.promotions import Told
from pmrunnerd.services.promotion.asking import PEOPLES

TRIAL: Final = "trial.json"
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MOST: Final = 1 << 20

_steps: Final = msgspec.json.Decoder(Told)


class Trial(Struct, frozen=True, kw_only=True):
    """The latest trial of an environment, as the package writes it."""

    id: str
    state: str
    candidate: str
    previous: str
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether the release has yet to prove itself."""
        return self.state == "open"


class _Asked(Struct, frozen=True):
    id: str
    release: str


_order: Final = msgspec.json.Decoder(_Asked)
_trial: Final = msgspec.json.Decoder(Trial)


class Following:
    """What lies below a root for everybody to read."""

    def __init__(self, root: Path) -> None:
        self._records = root / RECORDS
        self._asked = root / REQUESTS / PEOPLES

    def lines(self, environment: str, name: str) -> list[Told]:
        """Return what root has written down of a promotion, to the last line that is whole. Raises OSError."""
        data = _data(self._records / environment / name / STEPS)
        found = []
        for line in data.split(b"\n")[:-1]:
            try:
                found.append(_steps.decode(line))
            except msgspec.DecodeError:
                # Lines are counted, so a place is kept for one that nobody can read.
                found.append(Told(step="unreadable", at=0.0))
        return found

    def trial(self, environment: str) -> Trial | None:
        """Return the latest trial; None without one, and for one that cannot be read, which the package takes for none, too."""
        try:
            return _trial.decode(_data(self._records / environment / TRIAL))
        except (OSError, msgspec.DecodeError):
            return None

    def spoken_for(self, environment: str) -> dict[str, str]:
        """Return the releases of an environment that somebody is about to move, each with why it is needed."""
        found = {}
        with contextlib.suppress(OSError, msgspec.DecodeError):
            asked = _order.decode(_data(self._asked / f"{environment}.json"))
            found[asked.release] = f"promotion {asked.id} is about it"
        trial = self.trial(environment)
        if trial is not None and trial.is_open:
            found |= {trial.candidate: "it is on trial", trial.previous: "it is the way back"}
        return found


def _data(path: Path) -> bytes:
    try:
        file = os.open(path, _READ)
    except FileNotFoundError:
        return b""
    with os.fdopen(file, "rb") as opened:
        return opened.read(_MOST)

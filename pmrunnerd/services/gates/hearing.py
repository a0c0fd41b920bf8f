"""What gates that did not pass left for whoever mends it: the end of each log, and which cases failed."""

import asyncio
import os
from collections.abc import Mapping
from typing import Final

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.gates import GateRecord
from pmrunnerd.rules.gates import failing, junit
from pmrunnerd.rules.gates.failing import Heard
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.tries import name

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_END: Final = 64 << 10


class Hearing:
    """Reads what gates of a `place` left. All of it was written by what they judge."""

    def __init__(self, place: GatePlace) -> None:
        self._place = place

    async def hear(self, record: GateRecord) -> Mapping[str, Heard]:
        """Return what each gate left that did not pass; nothing of one that was never tried. Raises OSError."""
        return await asyncio.to_thread(self._hear, record)

    def _hear(self, record: GateRecord) -> Mapping[str, Heard]:
        bad = failing.failing(record)[: failing.MOST]
        return {one.gate: self._heard(name(record, one.gate)) for one in bad}

    def _heard(self, tried: str) -> Heard:
        return Heard(log=self._log(tried), cases=self._cases(tried))

    def _log(self, tried: str) -> str:
        try:
            file = os.open(self._place.path(tried) / "log", _READ)
        except FileNotFoundError:
            return ""
        with os.fdopen(file, "rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - _END))
            return opened.read(_END).decode(errors="replace")

    def _cases(self, tried: str) -> tuple[str, ...]:
        try:
            written = self._place.record(tried)
            data = self._place.junit(written) if written is not None else None
            return junit.failed(data) if data is not None else ()
        except PmError:
            return ()  # that it cannot be believed is in the verdict

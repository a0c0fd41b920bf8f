"""What gates printed, a page at a time, while they run and afterwards: all of it was written by what they judge."""

import os
from typing import Final

from pmrunnerd.model.gates import GateRun
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.gates.tries import PREPARE, name

_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
# Bytes that are read at once. A log has its beginning and its end, and 9 MiB at most.
PAGE: Final = 64 << 10


class GateLogs:
    """Reads the logs of a `place`."""

    def __init__(self, place: GatePlace) -> None:
        self._place = place

    def read(self, record: GateRun, gate: str, cursor: int) -> bytes | None:
        """Return what stands behind a cursor, a page at most; None where there is no log.

        Without a gate it is of what prepared this gate run. Raises OSError.
        """
        try:
            file = os.open(self._place.path(name(record, gate or PREPARE)) / "log", _READ)
        except FileNotFoundError:
            return None
        try:
            return os.pread(file, PAGE, cursor)
        finally:
            os.close(file)

"""What gate runs left on the disk: measured, set aside in one breath, deleted at leisure.

What is root's, records and what was prepared where units try gates, is not ours to delete.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pmrunnerd.rules.gates.keeping import Left, Part
from pmrunnerd.services import disposal, footprint
from pmrunnerd.services.gates.place import GatePlace

_ROOMS: Final = ("trees", "records", "prepared", "room")
_NAMES: Final = {
    Part.LOG: re.compile(r"g[0-9]{1,15}-[0-9a-f]{8}-.+"),
    Part.TREE: re.compile(r"[0-9a-f]{64}"),
    Part.PREPARED: re.compile(r"[0-9a-f]{64}"),
}
# What may go is called so until it is gone, and has no other name any more.
_GONE: Final = ".gone-"


class Leavings:
    """Looks at what lies in a `place`, and deletes what it is told to."""

    def __init__(self, place: GatePlace) -> None:
        self._place = place

    def survey(self, now: float, enough: Callable[[], bool]) -> list[Left]:
        """Measure all that is there; end early when there was `enough`. Raises OSError."""
        return [
            Left(part=part, name=one.run, size=one.size, age=max(0.0, now - one.changed))
            for part, where in self._rooms()
            for one in footprint.look(where, skip=_ROOMS, enough=enough).measured
            if _NAMES[part].fullmatch(one.run)
        ]

    def set_aside(self, one: Left) -> None:
        """Have it not be there any more under its name. Raises OSError.

        It is quick, so that whoever has just seen that nobody needs it can do it before anybody does.
        """
        where = dict(self._rooms())[one.part]
        if one.part is Part.LOG and not self._place.shared:
            # Before the directory: who looks for what is left finds that.
            for record in (f"{one.name}.json", f"{one.name}.began"):
                (self._place.records / record).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (where / one.name).rename(where / f"{_GONE}{one.name}")

    def clear(self, enough: Callable[[], bool]) -> tuple[str, ...]:
        """Delete what was set aside, by an earlier daemon too; say what does not go, and why."""
        stays = []
        for _, where in self._rooms():
            for path in sorted(where.glob(f"{_GONE}*")):
                try:
                    if disposal.empty(where, path.name, enough=enough):
                        disposal.remove(where, path.name)
                except OSError as exc:
                    stays.append(f"{path}: {exc.strerror or exc}")
        return tuple(stays)

    def _rooms(self) -> Iterator[tuple[Part, Path]]:
        rooms = {Part.LOG: self._place.directory, Part.TREE: self._place.tree("")}
        if not self._place.shared:
            rooms[Part.PREPARED] = self._place.prepared
        yield from ((part, where) for part, where in rooms.items() if where.is_dir())

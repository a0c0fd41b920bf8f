"""A session of Claude Code: the directory that the CLI keeps it in, and what its transcript says."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from pmrunnerd.services.agents import kept
from pmrunnerd.services.agents.claude import waiting
from pmrunnerd.services.agents.claude.waiting import Waiting

# The kind of entry in which the CLI says where it ended.
_END: Final = "last-prompt"


class Session:
    """The session of one run; `earlier` are the `agent` directories of those before it."""

    def __init__(self, directory: Path, name: str, earlier: Sequence[Path]) -> None:
        self.directory = directory / kept.NAME
        self._name = name
        self._earlier = earlier

    def prepare(self) -> None:
        """Have what the latest run left, if there was one, and its end be the end. Raises OSError."""
        kept.prepare(self.directory.parent, self._earlier)
        if path := self.transcript():
            _end_at_the_last(path)

    def transcript(self) -> Path | None:
        """Return the file of the conversation; None where none has begun. Raises OSError.

        A link is none, nor is what lies behind one: a program that was in here could have it lead
        to anything of ours, and none of it is alive when this is asked.
        """
        projects = self.directory / "projects"
        inside = sorted(projects.iterdir()) if _is(projects, stat.S_ISDIR) else []
        found = [each / f"{self._name}.jsonl" for each in inside if _is(each, stat.S_ISDIR)]
        return next((path for path in found if _is(path, stat.S_ISREG)), None)

    def waiting(self) -> Waiting:
        """Return what it waits with. Raises OSError."""
        path = self.transcript()
        return waiting.read(path.read_bytes()) if path else Waiting({})

    def note_told(self, calls: Iterable[str]) -> None:
        """Note that what was asked by some calls is answered in words. Raises OSError.

        The CLI makes none of them again, and what the model says next says that it heard.
        """
        path = self.transcript()
        assert path is not None
        notes = b"".join(waiting.note(call) + b"\n" for call in calls)
        with path.open("r+b") as file:
            whole = file.read()
            file.write(notes if whole.endswith(b"\n") else b"\n" + notes)

    def counted(self) -> float:
        """Return with how many US dollars the CLI begins to count what the session costs.

        It writes that at its end alone: after one that was killed it begins with less than there was.
        """
        sums = [
            entry.get("totalCostUSD")
            for entry in self._entries()
            if entry.get("type") == "cost-state"
        ]
        numbers = [float(one) for one in sums if isinstance(one, int | float)]
        return numbers[-1] if numbers else 0.0

    def _entries(self) -> Iterator[dict[str, Any]]:
        path = self.transcript()
        return waiting.entries(path.read_bytes()) if path else iter(())


def _end_at_the_last(path: Path) -> None:
    """Have the CLI go on from the last entry of a transcript that is our copy.

    It goes on from where it says that it ended. One that was killed has said that of an earlier end
    alone: a question after that would be as if it had never been asked.
    """
    whole = path.read_bytes()
    said: dict[str, Any] = {}
    since = ""
    for entry in waiting.entries(whole):
        if entry.get("type") == _END:
            said, since = entry, ""
        elif entry.get("uuid") and not entry.get("isSidechain"):
            since = str(entry["uuid"])
    if said and since:
        end = msgspec.json.encode(said | {"leafUuid": since}) + b"\n"
        # It is the only copy of what came before: cut short at any moment, it has all of that.
        with path.open("r+b") as file:
            file.truncate(whole.rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            file.write(end)


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    """Tell whether something is of a kind by itself, and no link to such a thing."""
    try:
        return kind(path.lstat().st_mode)
    except FileNotFoundError:
        return False

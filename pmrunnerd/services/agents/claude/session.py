"""A session of Claude Code: the directory that the CLI keeps it in, and what its transcript says."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents import kept, lines
from pmrunnerd.services.agents.claude import asked

# The kind of entry in which the CLI says where it ended.
_END: Final = "last-prompt"


class Pending(Struct, frozen=True):
    """What a session waits for: questions, by the identifier of the call that asks them.

    `replays`: the CLI makes the call again when it is resumed without a prompt. `heard` are the
    calls that an answer has been given to.
    """

    calls: dict[str, tuple[Asked, ...]]
    replays: bool
    heard: frozenset[str] = frozenset()

    @property
    def questions(self) -> tuple[Asked, ...]:
        """All of them, in the order in which they were asked."""
        return tuple(one for call in self.calls.values() for one in call)


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

    def pending(self) -> Pending:
        """Return the questions without an answer. Raises OSError."""
        calls: dict[str, tuple[Asked, ...]] = {}
        deferred: set[str] = set()
        heard: set[str] = set()
        for entry in self._entries():
            deferred |= _deferred(entry)
            for block in _blocks(entry):
                if block.get("type") == "tool_use" and block.get("name") == asked.TOOL:
                    call = str(block.get("id"))
                    calls[call] = asked.read(block.get("input") or {}, call)
                elif block.get("type") == "tool_result":
                    call = str(block.get("tool_use_id"))
                    if calls.pop(call, None) is not None and not block.get("is_error"):
                        heard.add(call)
        replays = not deferred.isdisjoint(calls)
        return Pending(calls, replays=replays, heard=frozenset(heard))

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
        return _read(path.read_bytes()) if path else iter(())


def _read(transcript: bytes) -> Iterator[dict[str, Any]]:
    for line in transcript.splitlines():
        try:
            entry = lines.read(line)
        except ValueError:
            continue  # cut off when the CLI was killed
        if isinstance(entry, dict):
            yield entry


def _end_at_the_last(path: Path) -> None:
    """Have the CLI go on from the last entry of a transcript that is our copy.

    It goes on from where it says that it ended. One that was killed has said that of an earlier end
    alone: a question after that would be as if it had never been asked.
    """
    whole = path.read_bytes()
    said: dict[str, Any] = {}
    since = ""
    for entry in _read(whole):
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


def _deferred(entry: dict[str, Any]) -> set[str]:
    attached = entry.get("attachment")
    if not isinstance(attached, dict) or attached.get("type") != "hook_deferred_tool":
        return set()
    return {str(attached.get("toolUseID") or attached.get("tool_use_id") or "")}


def _blocks(entry: dict[str, Any]) -> list[dict[str, Any]]:
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []

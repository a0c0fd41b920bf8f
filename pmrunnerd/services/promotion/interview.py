"""What the daemon of a candidate is asked, on a copy of which another release knows what is in it."""

import asyncio
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import TaskState
from pmrunnerd.rules.likeness import listed
from pmrunnerd.services.promotion.caller import Caller, Unanswered
from pmrunnerd.store.snapshot import Living

WITHIN: Final = 20.0
SAID: Final = "Can you hear me? This is a rehearsal, and nobody is to answer."
_WEB: Final = "web"
_PAGE: Final = 20
_AGAIN: Final = 0.02


class Heard(NamedTuple):
    """What is not as it should be, and what there is now because it was asked for; `message` is among that, if any."""

    differences: list[str]
    made: frozenset[str]
    message: str = ""


async def ask(socket: Path, environment: str, known: Living) -> Heard:
    """Ask for all that waits for people, and have something written. Raises Unanswered."""
    caller = await Caller.to(socket, environment, WITHIN)
    try:
        found = [*await _what_there_is(caller, known), *await _health(caller)]
        there = [one for one in known.projects if not one.removed]
        if not there:
            # Without a project nothing can be said; this is durable, too, and taken back.
            await caller.ask(p.Drain())
            await caller.ask(p.Drain(end=True))
            return Heard(found, frozenset({"draining"}))
        project = there[0].id
        message = (await caller.ask(p.ChatSend(project=project, text=SAID))).id
        page = await caller.ask(p.ChatHistory(project=project, limit=_PAGE))
        if not any(one.id == message and one.text == SAID for one in page.entries):
            found.append(f"does not know of message {message}, which it accepted")
        return Heard(found, frozenset({message}), message)
    finally:
        caller.close()


async def _what_there_is(caller: Caller, known: Living) -> list[str]:
    projects = {one.id for one in known.projects if not one.removed}
    open_ = _open_questions(known)
    shown = {row.id: row for row in (await caller.ask(p.ProjectList())).projects}
    inbox = (await caller.ask(p.Inbox())).items
    asked = {item.id for item in inbox if item.kind == "question"}
    found = [*_missing("project", projects, set(shown)), *_missing("question", open_, asked)]
    for project in sorted(projects & set(shown)):
        found += _tasks(known, project, shown[project])
    return found


def _open_questions(known: Living) -> set[str]:
    waiting = {task.id for task in known.tasks if task.state is TaskState.AWAITING_RESPONSE}
    return {
        one.id
        for one in known.questions
        if one.task in waiting and one.answer is None and not one.withdrawn
    }


def _missing(what: str, before: set[str], after: set[str]) -> list[str]:
    found = []
    if gone := sorted(before - after):
        found.append(f"does not show {what} {listed(gone)}")
    if strange := sorted(after - before):
        found.append(f"shows {what} {listed(strange)}, which is not there")
    return found


def _tasks(known: Living, project: str, row: v.ProjectRow) -> list[str]:
    """Compare how many tasks are in each state, finished ones too."""
    found = []
    for state in TaskState:
        before, after = known.tallies.get(f"{project} {state}", 0), row.tasks.get(state, 0)
        if before != after:
            found.append(f"shows {after} tasks of {project} as {state}, and there are {before}")
    return found


async def _health(caller: Caller) -> list[str]:
    """Knock at the web door, and hear what the daemon says of itself."""
    overview = await _opened(caller)
    found = [f"says that it has a problem: {overview.problem}"] if overview.problem else []
    for door in overview.doors:
        if door.problem:
            found.append(f"does not open its {door.name} door: {door.problem}")
        elif door.name == _WEB:
            found += await _knock(door.address)
    return found


async def _opened(caller: Caller) -> v.Overview:
    """Return what it says once its web door is there, which it may open a little later than it is ready."""
    deadline = asyncio.get_running_loop().time() + WITHIN
    while True:
        found = await caller.ask(p.Status())
        if any(door.name == _WEB for door in found.doors):
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise Unanswered(f"does not open its web door within {WITHIN:g} s")
        await asyncio.sleep(_AGAIN)


async def _knock(address: str) -> list[str]:
    host, _, port = address.removeprefix("http://").rstrip("/").rpartition(":")
    try:
        async with asyncio.timeout(WITHIN):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.write(f"GET /readyz HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
            said = (await reader.read()).decode(errors="backslashreplace")
            writer.close()
    except (OSError, ValueError, TimeoutError) as exc:
        return [f"does not answer at its web door {address}: {exc!s}"]
    status, _, rest = said.partition("\r\n")
    if " 200 " in f"{status} ":
        return []
    body = rest.partition("\r\n\r\n")[2].strip()
    return [f"is not healthy at its web door: {status} {body}".rstrip()]

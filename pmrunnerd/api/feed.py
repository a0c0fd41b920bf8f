"""What a follower is sent: pages of what is durable, read only when the follower has room for them.

A stream is an async generator that its door pulls. Nothing is ever pushed to a follower, so the
slowest one costs one page of memory and misses nothing: the journal is its queue.
What is yielded together shares one cursor, so who goes on from a cursor has seen all before it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from pmrunnerd.api.archives import state_backup
from pmrunnerd.api.conversation import entries
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.gatelogs import gate_log
from pmrunnerd.api.pruning import check_log
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.progress import Finished
from pmrunnerd.rules import lineage, outcomes
from pmrunnerd.services.rundir import RunDirectory

# Commits, and lines of a run, that are read at once. A commit may hold a message of a megabyte.
PAGE: Final = 16
LINES: Final = 128
# A wake-up that got lost costs this many seconds and nothing else.
TICK: Final = 1.0

Stream = AsyncGenerator[tuple[Any, ...], None]


class Restored(Exception):
    """Raised by a stream that was to go on from a cursor of another lineage: `cursor` is ours."""

    def __init__(self, cursor: int) -> None:
        super().__init__(cursor)
        self.cursor = cursor


def chat_follow(desk: Desk, request: p.ChatFollow) -> Stream:
    """Follow a conversation. Raises NotFound before anything is sent, as all of these do."""
    since = desk.store.durable if request.since is None else request.since
    if (ours := _ours(desk, request.lineage, since)) is not None:
        return _restored(ours)
    project = desk.store.state.project(request.project).id
    _check_cursor(desk, "follow", since)
    return _chat_follow(desk, project, since)


async def _chat_follow(desk: Desk, project: str, since: int) -> Stream:
    store = desk.store
    while True:
        mark = store.durable
        while page := store.conversation_since(project, since, PAGE):
            for batch in page:
                if told := entries(store.state, project, batch, unconfined=desk.unconfined):
                    yield told
                since = batch.seq
            await asyncio.sleep(0)  # a long way back must not keep the loop from others
        since = max(since, mark)
        await store.changed(max(mark, since))


def events(desk: Desk, request: p.Events) -> Stream:
    """Tell every commit, or those that concern a project."""
    if (ours := _ours(desk, request.lineage, request.since)) is not None:
        return _restored(ours)
    known = None if request.project is None else desk.store.state.project(request.project).id
    _check_cursor(desk, "tell events", request.since)
    return _events(desk, known, request.since, follow=request.follow)


async def _events(desk: Desk, project: str | None, since: int, *, follow: bool) -> Stream:
    store = desk.store
    # Without `follow` the end is where the journal ended when it was asked for.
    mark = store.durable
    while follow or since < mark:
        for batch in store.read(since, PAGE):
            facts = tuple(
                fact
                for fact in batch.facts
                if project is None or getattr(fact, "project", None) == project
            )
            since = batch.seq
            if facts and (follow or since <= mark):
                yield (v.Happening(cursor=batch.seq, at=batch.at, facts=facts),)
        if follow and since >= store.durable:
            await store.changed(since)
        else:
            await asyncio.sleep(0)  # a long way back must not keep the loop from others


def _ours(desk: Desk, theirs: str, since: int) -> int | None:
    """Return from where to go on instead, for a cursor of a state that is not, or no longer, ours."""
    state = desk.store.state
    if not theirs or (theirs == lineage.current(state) and since <= state.seq):
        return None
    return lineage.shared(state, theirs, since)


async def _restored(cursor: int) -> Stream:
    raise Restored(cursor)
    yield ()  # what makes it a stream


def _check_cursor(desk: Desk, what: str, since: int) -> None:
    """Refuse a cursor of who knows what: it would wait in silence until this state comes so far."""
    if since > desk.store.durable:
        raise BadRequest(
            f"cannot {what} from {since}: the last commit is {desk.store.durable}",
            hint="pmrunnerctl events",
        )


def run_logs(desk: Desk, request: p.RunLogs) -> Stream:
    """Tell what a run host reported; with `follow` until the run's end is recorded."""
    state = desk.store.state
    is_known = request.run in state.runs
    # A name of who knows what leads to no file.
    is_cursor = is_known and RunDirectory(desk.run_directory(request.run)).is_cursor(request.cursor)
    if request.lineage not in ("", lineage.current(state)):
        # Its file grows the same way in every state that has it. One that has not says so next time.
        return _restored(request.cursor if is_cursor or not is_known else 0)
    run = state.run(request.run)
    check_log(desk, run.id)
    if not is_cursor:
        raise BadRequest(
            f"cannot show the log of run {run.id} from {request.cursor}: no line of it ends there",
            hint=f"pmrunnerctl run logs {run.id}   each line of --json says its cursor",
        )
    return _run_logs(desk, run.id, request.cursor, follow=request.follow)


async def _run_logs(desk: Desk, run: str, cursor: int, *, follow: bool) -> Stream:
    directory = RunDirectory(desk.run_directory(run))
    finished = False
    while True:
        # In this order: once the end is recorded, everything that will ever be written is there.
        mark = desk.store.durable
        ended = desk.store.state.run(run).ended is not None
        page = await asyncio.to_thread(directory.read, cursor, LINES)
        for after, progress in page:
            cursor, shown = after, progress
            if isinstance(progress, Finished):
                finished, state = True, desk.store.state
                shown = outcomes.told(state, state.run(run), progress)
            yield (v.LogLine(cursor=after, progress=shown),)
        if page:
            continue
        if ended or not follow:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK):
                # After its last line a file grows no more; what is to come is the end's fact.
                await (desk.store.changed(mark) if finished else desk.grown(run))


def gate_logs(desk: Desk, request: p.GateLog) -> Stream:
    """Tell what a gate printed. Of a gate run of another state nothing that was read holds."""
    if request.lineage not in ("", lineage.current(desk.store.state)):
        return _restored(0)
    return gate_log(desk, request)


STREAMS: Final[Mapping[type[p.Request[Any]], Callable[[Desk, Any], Stream]]] = {
    p.ChatFollow: chat_follow,
    p.RunLogs: run_logs,
    p.GateLog: gate_logs,
    p.Events: events,
    p.StateBackup: state_backup,
}


def cursor_of(request: Any) -> int:
    """Return the cursor from which a stream was asked for."""
    found: int | None = getattr(request, "since", None) or getattr(request, "cursor", None)
    return found or 0

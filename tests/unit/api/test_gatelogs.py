import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.api import feed
from pmrunnerd.api.desk import Desk
from pmrunnerd.api.gatelogs import gate_log
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.gates import GateRun, Verdict
from tests.unit.api import desks
from tests.unit.api.desks import at_work
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.tries import begun, ended

PAGE = 8
ENDED = (ended("lint"), ended("unit"), ended("lab"), tries.OVER)


class Written:
    """Logs that a test writes, by gate; they are read in pages of a few bytes."""

    def __init__(self, **logs: bytes) -> None:
        self.logs = dict(logs)
        self.reads = 0

    def read(self, record: GateRun, gate: str, cursor: int) -> bytes | None:
        del record
        self.reads += 1
        return None if gate not in self.logs else self.logs[gate][cursor : cursor + PAGE]


@contextlib.asynccontextmanager
async def a_desk(
    tmp_path: Path, facts: Sequence[ev.AnyEvent], written: Written
) -> AsyncIterator[Desk]:
    async with at_work(tmp_path, gate_logs=written) as desk:
        await desk.store.commit(desks.added(), tries.REQUESTED, *facts)
        yield desk


async def said(desk: Desk, request: p.GateLog) -> list[tuple[int, str]]:
    async with asyncio.timeout(20):
        return [(one.cursor, one.text) async for (one,) in gate_log(desk, request)]


@pytest.mark.parametrize(
    ("facts", "gate", "why"),
    [
        ((), "lint", "it is QUEUED"),
        ((tries.REFUSED,), "lint", "no gate of it was tried: no such commit"),
        ((tries.STARTED,), "e2e", "it has lint, unit, lab"),
        ((tries.STARTED, tries.INTERRUPTED), "lint", "it was not tried: INTERRUPTED"),
        (
            (tries.STARTED, ended("lint", Verdict.SKIPPED, why="it needs rain")),
            "lint",
            "it was not tried: it needs rain",
        ),
        ((tries.STARTED, ended("lint", answered_by="g0")), "lint", "g0 answered for it"),
        ((tries.STARTED, tries.attested("lab")), "lab", "root tried it elsewhere"),
        ((tries.STARTED, ended("lint", log="f" * 64)), "lint", "it was let go"),
        ((tries.STARTED, begun("lint")), "", "nothing was to be prepared"),
    ],
)
def test_where_there_is_no_log_it_is_said_why(
    tmp_path: Path, facts: tuple[ev.AnyEvent, ...], gate: str, why: str
) -> None:
    async def scenario() -> None:
        async with a_desk(tmp_path, facts, Written()) as desk:
            with pytest.raises(NotFound, match=why) as refused:
                await said(desk, p.GateLog(run="g1", gate=gate))
            assert (refused.value.hint or "").startswith("pmrunnerctl gate ")

    asyncio.run(scenario())


def test_a_log_is_told_piece_by_piece_and_no_character_is_cut(tmp_path: Path) -> None:
    text = "naïve → ünïcode ☃ \n"
    written = Written(lint=text.encode())

    async def scenario() -> None:
        async with a_desk(tmp_path, (tries.STARTED, *ENDED), written) as desk:
            pieces = await said(desk, p.GateLog(run="g1", gate="lint"))
            assert "".join(piece for _, piece in pieces) == text
            assert pieces[-1][0] == len(text.encode())
            middle, _ = pieces[1]
            rest = await said(desk, p.GateLog(run="g1", gate="lint", cursor=middle))
            assert rest == pieces[2:]

    asyncio.run(scenario())


def test_half_a_character_at_the_very_end_is_told_as_what_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with a_desk(tmp_path, (tries.STARTED, *ENDED), Written(lint=b"ab\xe2\x98")) as desk:
            pieces = await said(desk, p.GateLog(run="g1", gate="lint"))
            assert pieces == [(2, "ab"), (4, "�")]

    asyncio.run(scenario())


def test_who_follows_gets_what_comes_and_leaves_when_the_gate_is_over(tmp_path: Path) -> None:
    written = Written()

    async def scenario() -> None:
        async with a_desk(tmp_path, (), written) as desk:
            stream = gate_log(desk, p.GateLog(run="g1", gate="lint", follow=True))
            async with asyncio.timeout(20), contextlib.aclosing(stream):
                first = asyncio.ensure_future(anext(stream))
                await desk.store.commit(tries.STARTED, begun("lint"))
                written.logs["lint"] = b"one "
                assert (await first)[0].text == "one "
                written.logs["lint"] += b"two \xc3"
                assert (await anext(stream))[0].text == "two "
                written.logs["lint"] += b"\xa4"
                await desk.store.commit(ended("lint"))
                assert (await anext(stream))[0].text == "ä"
                with pytest.raises(StopAsyncIteration):
                    await anext(stream)

    asyncio.run(scenario())


def test_what_prepares_is_followed_until_the_first_gate_begins(tmp_path: Path) -> None:
    written = Written(**{"": b"installed"})

    async def scenario() -> None:
        async with a_desk(tmp_path, (tries.STARTED, begun("lint")), written) as desk:
            found = await said(desk, p.GateLog(run="g1", follow=True))
            assert "".join(text for _, text in found) == "installed"

    asyncio.run(scenario())


def test_a_cursor_of_another_state_begins_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with a_desk(tmp_path, (tries.STARTED,), Written(lint=b"x")) as desk:
            request = p.GateLog(run="g1", gate="lint", cursor=5, lineage="another")
            with pytest.raises(feed.Restored) as restored:
                await anext(feed.gate_logs(desk, request))
            assert restored.value.cursor == 0
            ours = feed.gate_logs(desk, replace(request, cursor=0, lineage=""))
            assert [piece async for piece in ours]

    asyncio.run(scenario())

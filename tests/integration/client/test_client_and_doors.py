"""Every verb through the real door; following, and waiting for an outcome, over a door that closes."""

import asyncio
import json
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Finished, Output
from tests.integration.api.callers import opened
from tests.unit.api import desks
from tests.unit.api.desks import AT, at_work
from tests.unit.pmrunnerctl.conftest import environment


class Ended(NamedTuple):
    status: int
    out: str
    err: str


async def begun(path: Path, *words: str) -> asyncio.subprocess.Process:
    argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(path), "--wait", "20", *words]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        env=environment(),
        limit=1 << 24,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    async with asyncio.timeout(180):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def ctl(path: Path, *words: str) -> Ended:
    return await ended(await begun(path, *words))


def test_every_verb_is_understood_by_the_door_and_its_answer_by_people(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    told = {
        ("project", "add", "demo", str(tmp_path / "demo")): "added project demo",
        ("project", "set", "demo", "--plan-approval", "manual"): "changed project demo",
        ("project", "list"): "demo     normal  shell",
        ("project", "show", "demo"): "plans    manual: each waits for you",
        ("chat", "send", "demo", "make", "it"): "sent message m1 to demo",
        ("chat", "history", "demo"): "make it",
        ("status",): "pm-runner dev",
        ("inbox",): "nothing waits for you",
        ("plan", "list"): "no plans yet",
        ("task", "list"): "no tasks yet",
        ("run", "list"): "no runs yet",
        ("events",): 'message-posted  message=m1 project=w1 text="make it"',
        ("version",): "pmrunnerd 0.1.0 (dev)",
        ("project", "remove", "demo"): "removed project demo",
    }

    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            for words, line in told.items():
                done = await ctl(door.path, *words)
                assert (done.status, done.err) == (0, ""), words
                assert line in done.out, words
                if words[:2] not in {("project", "add"), ("project", "remove")}:
                    again = await ctl(door.path, *words, "--json")
                    assert again.status == 0, words
                    assert [json.loads(line) for line in again.out.splitlines()], words

    asyncio.run(scenario())


def test_what_an_agent_needs_and_what_a_person_says_to_it(tmp_path: Path) -> None:
    told: dict[tuple[str, ...], str] = {
        ("plan", "show", "p1"): "all of it",
        ("task", "show", "t1"): " answer q1 TEXT",
        ("run", "show", "r1-aaaa"): "outcome  asked",
        ("run", "show", "r1"): "outcome  asked",
        ("inbox",): "1. yes",
        ("answer", "q1", "--option", "2"): "answered q1: no",
        ("answer", "q1", "no"): "q1 was already answered: no",
        ("task", "cancel", "t1"): "task t1 is cancelled",
        ("task", "retry", "t1"): "task t1 is queued again",
    }

    async def scenario() -> None:
        async with at_work(tmp_path) as desk, opened(desk, tmp_path / "s") as door:
            await desk.store.commit(desks.added(), desks.posted(), desks.drafted("build"))
            await desk.store.commit(desks.APPROVED, desks.started())
            await desk.store.commit(*desks.asked("Which?"))
            for words, line in told.items():
                done = await ctl(door.path, *words)
                assert (done.status, done.err) == (0, ""), words
                assert line in done.out, words
            assert (await ctl(door.path, "answer", "q1", "yes")).status == 4
            assert (await ctl(door.path, "task", "show", "t9")).status == 3

    asyncio.run(scenario())


def test_waiting_for_a_message_sees_its_question_though_the_door_closed_meanwhile(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            async with opened(desk, tmp_path / "s") as door:
                waiting = await begun(door.path, "chat", "send", "demo", "--wait", "do it")
                assert waiting.stdout is not None
                assert await waiting.stdout.readline() == b"sent message m1 to demo\n"
                await desk.store.commit(desks.drafted("build"), desks.APPROVED)
                while b"plan p1" not in await waiting.stdout.readline():
                    pass
            await desk.store.commit(desks.started())
            await desk.store.commit(*desks.asked("Which?"))
            async with opened(desk, tmp_path / "s"):
                done = await ended(waiting)
            assert done.status == 9, done
            assert done.out.count("Which?") == 1
            assert f"answer: pmrunnerctl --socket {tmp_path}/s answer q1 TEXT" in done.out

    asyncio.run(scenario())


def test_a_log_is_followed_over_a_door_that_closes_to_the_end_of_its_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.posted(), desks.drafted("build"))
            await desk.store.commit(desks.APPROVED, desks.started())
            directory = desk.run_directory("r1-aaaa")
            directory.mkdir(parents=True)
            with (directory / "events.jsonl").open("ab", buffering=0) as file:
                file.write(_line(Output(at=AT, stream="stdout", text="one\n")))
                async with opened(desk, tmp_path / "s") as door:
                    following = await begun(door.path, "run", "logs", "-f")
                    assert following.stdout is not None
                    assert await following.stdout.readline() == b"one\n"
                file.write(_line(Output(at=AT, stream="stdout", text="two\n")))
                file.write(_line(Finished(at=AT, outcome=Outcome.FAILED, reason="so")))
            ended_ = ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=9)
            await desk.store.commit(ended_, ev.TaskFailed(task="t1", project="w1", reason="so"))
            async with opened(desk, tmp_path / "s"):
                done = await ended(following)
            assert (done.status, done.out) == (8, "two\n")
            assert done.err.endswith("-- failed: so\n")

    asyncio.run(scenario())


def _line(progress: Output | Finished) -> bytes:
    return msgspec.json.encode(progress) + b"\n"

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.api import respond as r
from pmrunnerd.api.changes import CHANGES
from pmrunnerd.api.feed import STREAMS
from pmrunnerd.api.reads import READS
from pmrunnerd.api.respond import WAITS
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errand import Inspected
from pmrunnerd.model.errors import (
    BadRequest,
    Code,
    Forbidden,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)
from pmrunnerd.model.views import ProjectTable
from pmrunnerd.rules.decide import ELSEWHERE
from tests.unit.api import desks
from tests.unit.api.desks import ANNA, READER, Bench, SlowDisk, at_work, until

SEND = p.ChatSend(project="demo", text="do it")


def test_a_change_is_answered_only_once_it_is_durable(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, asyncio.TaskGroup() as group:
            await desk.store.commit(desks.added())
            disk.spinning.clear()
            answer = group.create_task(r.respond(desk, ANNA, SEND, "a"))
            await until(lambda: desk.store.ahead.messages)
            assert not answer.done()
            assert not desk.store.state.messages
            disk.spinning.set()
            assert await answer == p.Done(id="m1")
            assert desk.store.state.messages["m1"].by == "anna"

    asyncio.run(scenario())


def test_who_may_only_read_changes_nothing_and_learns_nothing_of_others_requests(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            await r.change(desk, ANNA, SEND, "a")
            with pytest.raises(Forbidden, match="rita may read, not operate"):
                await r.change(desk, READER, SEND, "a")
            assert isinstance(r.look(desk, READER, p.ProjectList()), ProjectTable)

    asyncio.run(scenario())


def test_whoever_may_read_the_status_may_ask_what_is_wrong_with_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            assert r.look(desk, READER, p.Doctor()) == desks.CHECKUP

    asyncio.run(scenario())


def test_a_full_disk_takes_no_new_work_and_takes_what_ends_some(tmp_path: Path) -> None:
    async def scenario() -> None:
        full = ["", "the disk of /s is full: 12 KiB free"]
        async with at_work(tmp_path, full=lambda: full[0]) as desk:
            await desk.store.commit(desks.added())
            done = await r.change(desk, ANNA, SEND, "a")
            full.reverse()
            add = p.ProjectAdd(alias="x", path="/srv/x")
            for request in (SEND, add):
                with pytest.raises(
                    Unavailable, match=": the disk of /s is full: 12 KiB"
                ) as refused:
                    await r.change(desk, ANNA, request, "b")
                assert str(refused.value.hint).startswith("df -h ")
            # What was acknowledged stays so, and is said again.
            assert await r.change(desk, ANNA, SEND, "a") == done
            await r.change(desk, ANNA, p.Drain(), "c")
            assert desk.store.state.draining == "anna"
            full.reverse()
            assert await r.change(desk, ANNA, SEND, "b")

    asyncio.run(scenario())


def test_a_request_larger_than_any_message_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            # Within the limit of characters, and four times that in bytes.
            big = replace(SEND, text="🙂" * p.MESSAGE_LIMIT)
            with pytest.raises(TooLarge):
                await r.change(desk, ANNA, big, "a")

    asyncio.run(scenario())


def test_what_is_so_already_is_answered_without_a_fact_but_not_before_it_is_durable(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        disk = SlowDisk()
        async with at_work(tmp_path, disk=disk) as desk, asyncio.TaskGroup() as group:
            await desk.store.commit(
                desks.added(), desks.posted(), desks.drafted("one"), desks.APPROVED
            )
            await desk.store.commit(desks.started(), *desks.asked("really?"))
            answer = p.Answer(question="q1", text="yes")
            disk.spinning.clear()
            first = group.create_task(r.respond(desk, ANNA, answer, "a"))
            second = group.create_task(r.respond(desk, ANNA, answer, "b"))
            await until(lambda: desk.store.ahead.questions["q1"].answer)
            for _ in range(10):
                await asyncio.sleep(0)
            assert not any(task.done() for task in (first, second))
            disk.spinning.set()
            assert await first == await second == p.Decided(id="q1")
            assert desk.store.durable == 3

    asyncio.run(scenario())


def test_a_stop_that_is_asked_for_again_stops_nobody_twice(tmp_path: Path) -> None:
    """The client lost the answer and asks the daemon that was started since."""

    async def scenario(expected: list[bool]) -> None:
        bench = Bench()
        async with at_work(tmp_path, bench) as desk:
            assert await r.respond(desk, ANNA, p.Stop(keep_runs=True), "a") == p.Done(id="dev")
        assert bench.stopped == expected

    asyncio.run(scenario([True]))
    asyncio.run(scenario([]))


def test_a_project_is_added_after_a_look_at_its_directory(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        link, real, bad = Path("/srv/link"), Path("/srv/real"), Path("/srv/bad")
        none = Path("/srv/none")
        no_repository = Inspected(path=str(bad), problem="it is no git repository", hint="git init")
        bench.found = {link: Inspected(path=str(real)), bad: no_repository}
        bench.found[none] = Inspected(path=str(none), problem="it does not exist", missing=True)
        async with at_work(tmp_path, bench) as desk:
            add = p.ProjectAdd(path=str(link), alias="demo")
            project = await r.respond(desk, ANNA, add, "a")
            assert isinstance(project, Project)
            assert (project.id, project.alias, project.path) == ("w1", "demo", str(real))
            with pytest.raises(Refused, match=r"cannot add /srv/bad: it is no git") as refused:
                await r.respond(desk, ANNA, replace(add, path=str(bad)), "b")
            assert refused.value.hint == "git init"
            with pytest.raises(NotFound, match="cannot add /srv/none") as missing:
                await r.respond(desk, ANNA, replace(add, path="/srv/none"), "d")
            for path in ("relative", "/srv/with\0nul"):
                with pytest.raises(BadRequest, match="no absolute path") as relative:
                    await r.respond(desk, ANNA, replace(add, path=path), "c")
                assert relative.value.hint == missing.value.hint == ELSEWHERE

    asyncio.run(scenario())


def test_a_request_repeated_while_its_directory_is_looked_at_is_done_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.inspecting.clear()
        async with at_work(tmp_path, bench) as desk, asyncio.TaskGroup() as group:
            add = p.ProjectAdd(path="/srv/demo", alias="demo")
            both = [group.create_task(r.change(desk, ANNA, add, "a")) for _ in range(2)]
            for _ in range(5):
                await asyncio.sleep(0)
            bench.inspecting.set()
            assert await both[0] == await both[1]
            assert list(desk.store.state.projects) == ["w1"]

    asyncio.run(scenario())


def test_an_error_keeps_its_code_and_hint_and_a_bug_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path, log_hint="look there") as desk:
            found = r.explain(desk, "x", NotFound("cannot find x", hint="list"))
            assert found == r.Refusal(code=Code.NOT_FOUND, message="cannot find x", hint="list")
            bug = r.explain(desk, "task show", ZeroDivisionError("secret"))
            assert bug.code is Code.INTERNAL
            assert bug.message == "cannot do task show: this is a bug in pmrunnerd"
            assert bug.hint == "look there"

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert "ZeroDivisionError: secret" in caplog.text


def test_every_command_has_exactly_one_handler_and_it_is_of_its_kind() -> None:
    assert set(CHANGES) == {c.request for c in p.COMMANDS if c.changes}
    assert set(WAITS) == {c.request for c in p.COMMANDS if c.waits}
    assert {c.request for c in p.COMMANDS if c.acts} <= set(WAITS)
    assert set(STREAMS) == {c.request for c in p.COMMANDS if c.stream}
    assert set(READS) == {
        c.request for c in p.COMMANDS if c.only_looks and not (c.stream or c.waits)
    }


def test_a_reply_survives_as_the_bytes_it_was(tmp_path: Path) -> None:
    async def scenario(path: Path) -> bytes:
        async with at_work(path) as desk:
            return await r.change(desk, ANNA, p.ProjectAdd(path="/srv/demo", alias="demo"), "a")

    first = asyncio.run(scenario(tmp_path))
    assert asyncio.run(scenario(tmp_path)) == first
    assert msgspec.msgpack.decode(first, type=Project).alias == "demo"


def test_what_the_disk_does_not_give_now_is_no_bug_and_may_be_asked_for_again(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            told = r.explain(desk, "plan list", OSError(24, "Too many open files"))
            assert told.message == "cannot do plan list: too many open files"
            assert (told.code, told.retryable) == (Code.UNAVAILABLE, True)

    asyncio.run(scenario())

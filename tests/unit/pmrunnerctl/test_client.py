import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pmrunnerctl.client import Client
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.where import Place
from pmrunnerd.model import frames
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Code
from pmrunnerd.model.requests import made_at
from tests.fakes.daemon import HANG_UP, SILENCE, FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples

SAY = p.ChatSend(project="demo", text="hello")
DONE = p.Done(id="m1")
LATER = frames.Failed(call=0, code=Code.UNAVAILABLE, message="the disk is full", retryable=True)


@contextmanager
def client(path: Path, patience: float = 5, **other: Any) -> Iterator[Client]:
    made = Client(Place(path, "", "start it"), patience=patience, tell=lambda _: None, **other)
    try:
        yield made
    finally:
        made.close()


def happening(cursor: int) -> v.Happening:
    return v.Happening(cursor=cursor, at=samples.AT, facts=())


def test_a_daemon_that_dies_before_its_reply_is_asked_again_with_the_same_identifier(
    daemon: FakeDaemon,
) -> None:
    daemon.answers[p.ChatSend] = [HANG_UP, HANG_UP, LATER, DONE]

    with client(daemon.path) as asking:
        assert asking.call(SAY) == DONE

    assert daemon.requests() == [SAY] * 4
    identifiers = {heard.request_id for heard in daemon.heard}
    assert len(identifiers) == 1
    assert made_at(identifiers.pop())


def test_two_commands_never_share_an_identifier(daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = DONE
    with client(daemon.path) as asking:
        asking.call(SAY)
        asking.call(SAY)

    first, second = (heard.request_id for heard in daemon.heard)
    assert first != second
    assert len(daemon.hellos) == 1  # both over one connection


def test_what_only_looks_needs_no_identifier(daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = samples.overview()
    with client(daemon.path) as asking:
        asking.call(p.Status())

    assert [heard.request_id for heard in daemon.heard] == [""]


def test_a_daemon_that_starts_later_is_waited_for(tmp_path: Path) -> None:
    daemon = FakeDaemon(tmp_path / "s", {p.Status: samples.overview()})
    starts = threading.Timer(0.2, daemon.__enter__)
    starts.start()
    try:
        with client(daemon.path) as asking:
            assert asking.call(p.Status()).pid == 4242
    finally:
        starts.join()
        daemon.close()


def test_a_daemon_that_stays_away_is_unreachable_and_says_what_to_do(tmp_path: Path) -> None:
    with client(tmp_path / "s", patience=0.1) as asking, pytest.raises(Cannot) as caught:
        asking.call(p.Status())

    assert str(caught.value) == f"cannot reach pmrunnerd at {tmp_path}/s: no daemon listens there"
    assert (caught.value.exits, caught.value.hint) == (Exit.UNREACHABLE, "start it")


def test_where_patience_ends_with_an_answer_out_it_says_that_it_may_have_happened(
    daemon: FakeDaemon,
) -> None:
    daemon.answers[p.ChatSend] = HANG_UP
    with client(daemon.path, patience=0.1) as asking, pytest.raises(Cannot) as caught:
        asking.call(SAY)

    assert caught.value.hint == "chat send may have happened: look before you repeat it"


def test_a_daemon_that_says_later_for_too_long_has_the_last_word(daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = LATER
    with client(daemon.path, patience=0.1) as asking, pytest.raises(Cannot) as caught:
        asking.call(SAY)

    assert str(caught.value) == "the disk is full"
    assert (caught.value.exits, caught.value.retryable) == (Exit.UNAVAILABLE, True)


@pytest.mark.parametrize("code", Code)
def test_a_no_is_a_no_at_once(daemon: FakeDaemon, code: Code) -> None:
    daemon.answers[p.ChatSend] = frames.Failed(call=0, code=code, message="no", hint="h")
    with client(daemon.path) as asking, pytest.raises(Cannot) as caught:
        asking.call(SAY)

    assert (caught.value.code, caught.value.hint, len(daemon.heard)) == (code, "h", 1)


def test_a_daemon_that_never_answers_is_given_up(daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatSend] = SILENCE
    with (
        client(daemon.path, answer_within=0.1) as asking,
        pytest.raises(Cannot, match="slow to answer") as caught,
    ):
        asking.call(SAY)

    assert asking.unanswered == "chat send"
    assert caught.value.hint.splitlines()[-1] == (
        "chat send may have happened: look before you repeat it"
    )


@pytest.mark.parametrize("reason", ["", "stopping", "lagged"])
def test_a_stream_that_breaks_goes_on_after_its_last_item(daemon: FakeDaemon, reason: str) -> None:
    daemon.answers[p.Events] = [
        Stream([happening(3), happening(4)], reason),
        HANG_UP,
        Stream([happening(5)]),
    ]
    with client(daemon.path) as asking:
        cursors = [item.cursor for item in asking.stream(p.Events(since=2, follow=True))]

    assert cursors == [3, 4, 5]
    assert [request.since for request in daemon.requests()] == [2, 4, 4]


def test_a_conversation_that_breaks_within_a_commit_is_taken_up_there(daemon: FakeDaemon) -> None:
    both = [samples.entry(5, text="a"), samples.entry(5, text="b")]
    daemon.answers[p.ChatFollow] = [
        Stream([], "stopping", cursor=4),
        Stream(both[:1], ""),
        Stream([*both, samples.entry(6)]),
    ]
    with client(daemon.path) as asking:
        texts = [entry.text for entry in asking.stream(p.ChatFollow(project="demo"))]

    assert texts == ["a", "b", "text 6"]
    assert [request.since for request in daemon.requests()] == [None, 4, 4]


def test_a_restored_state_is_told_of_and_gone_on_with_at_once(daemon: FakeDaemon) -> None:
    told: list[str] = []
    daemon.greeting = frames.encode(frames.Hello(lineage="a"))

    def restored(_: p.Events) -> Stream:
        daemon.greeting = frames.encode(frames.Hello(lineage="b"))
        return Stream([happening(83)], "stopping")

    daemon.answers[p.Events] = [restored, Stream([], "restored", 75), Stream([happening(76)])]
    asking = Client(Place(daemon.path, ""), patience=5, tell=told.append)
    asking.hello()
    cursors = [item.cursor for item in asking.stream(p.Events(since=80, follow=True))]
    asking.close()

    assert cursors == [83, 76]
    assert [(asked.since, asked.lineage) for asked in daemon.requests()] == [
        (80, "a"),
        (83, "a"),
        (75, "b"),
    ]
    assert told == ["the state was restored; going on from commit 75"]


def test_a_stream_of_what_is_not_there_says_so(daemon: FakeDaemon) -> None:
    daemon.answers[p.RunLogs] = frames.Failed(call=0, code=Code.NOT_FOUND, message="no run r1")
    with client(daemon.path) as asking, pytest.raises(Cannot, match="no run r1"):
        list(asking.stream(p.RunLogs(run="r1")))


def test_each_item_gives_a_stream_new_patience(daemon: FakeDaemon) -> None:
    def one_more(request: p.RunLogs) -> Stream:
        line = v.LogLine(cursor=request.cursor + 1, progress=pr.Asked(at="", text="x"))
        return Stream([line], "end" if request.cursor == 20 else "")

    daemon.answers[p.RunLogs] = one_more
    with client(daemon.path, patience=0.15) as asking:
        cursors = [line.cursor for line in asking.stream(p.RunLogs(run="r1", follow=True))]

    assert cursors == list(range(1, 22))


def test_a_stream_that_only_ever_breaks_is_given_up(daemon: FakeDaemon) -> None:
    daemon.answers[p.Events] = Stream([], "")
    with client(daemon.path, patience=0.2) as asking, pytest.raises(Cannot, match="cannot reach"):
        list(asking.stream(p.Events(follow=True)))

    assert len(daemon.heard) > 1


def test_a_stream_that_is_left_hangs_up(daemon: FakeDaemon) -> None:
    daemon.answers[p.Events] = Stream([happening(1)], None)
    with client(daemon.path) as asking:
        stream = asking.stream(p.Events(follow=True))
        assert next(stream).cursor == 1
        stream.close()  # type: ignore[attr-defined]

    _eventually(lambda: not daemon._open)


def test_who_answers_is_told_by_the_kernel(daemon: FakeDaemon) -> None:
    with client(daemon.path) as asking:
        assert asking.peer().pid > 0
        assert asking.hello().environment == "dev"


def _eventually(true: Callable[[], bool]) -> None:
    event = threading.Event()
    for _ in range(500):
        if true():
            return
        event.wait(0.01)
    raise AssertionError

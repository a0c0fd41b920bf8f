"""What is asked of a candidate's daemon; this one only speaks, from a table."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Project, Question, Task, TaskState
from pmrunnerd.services.promotion.caller import Unanswered
from pmrunnerd.services.promotion.interview import SAID, Heard, ask
from pmrunnerd.store.snapshot import Living
from tests.fakes.daemon import HANG_UP, FakeDaemon

KNOWN = Living(
    projects=(Project(id="w1", alias="cake", path="/srv/cake"),),
    tasks=(
        Task(
            id="t1",
            plan="p1",
            project="w1",
            name="one",
            title="one",
            text="one",
            state=TaskState.AWAITING_RESPONSE,
            questions=("q1",),
        ),
    ),
    questions=(Question(id="q1", project="w1", task="t1", run="r1", text="Which?"),),
    tallies={f"w1 {TaskState.AWAITING_RESPONSE}": 1, f"w1 {TaskState.COMPLETE}": 7},
)
ROW = v.ProjectRow(
    id="w1",
    alias="cake",
    path="/srv/cake",
    project_type="normal",
    agent="shell",
    tasks={TaskState.AWAITING_RESPONSE: 1, TaskState.COMPLETE: 7},
    questions=1,
    now="",
)
ITEM = v.InboxItem(
    kind="question",
    id="q1",
    project="w1",
    alias="cake",
    task="t1",
    text="Which?",
    options=(),
    at="",
    command="",
)
ENTRY = v.Entry(cursor=1, at="", kind="message", author="root", text=SAID, id="m1")


class Page(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()
        self.wfile.write(b"the disk failed\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """A web door, which says that it is well unless it is told otherwise."""
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def overview(*doors: v.Door, problem: str = "") -> v.Overview:
    return v.Overview(
        environment="prod",
        release="2-b",
        pid=1,
        started_at="",
        state_directory="",
        durable=1,
        memory=1,
        doors=doors,
        projects=(),
        tasks={},
        runs=0,
        slots=1,
        questions=1,
        confinement="",
        problem=problem,
    )


@pytest.fixture
def answers(web: str) -> dict[type, Any]:
    """What one answers that is as it should be."""
    return {
        p.ProjectList: v.ProjectTable(projects=(ROW,)),
        p.Inbox: v.InboxTable(items=(ITEM,)),
        p.Status: overview(v.Door(name="web", address=web)),
        p.ChatSend: p.Done(id="m1"),
        p.ChatHistory: v.Conversation(project="w1", entries=(ENTRY,), before=None),
        p.Drain: p.Done(id="prod"),
    }


def asked(tmp_path: Path, answers: dict[type, Any], known: Living = KNOWN) -> Heard:
    with FakeDaemon(tmp_path / "s", answers) as daemon:
        return asyncio.run(ask(daemon.path, "prod", known))


@pytest.mark.parametrize(
    ("request_", "answer", "why"),
    [
        (p.ProjectList, v.ProjectTable(projects=()), "does not show project w1"),
        (
            p.ProjectList,
            v.ProjectTable(projects=(ROW, replace(ROW, id="w2"))),
            "shows project w2, which is not there",
        ),
        (
            p.ProjectList,
            v.ProjectTable(projects=(replace(ROW, tasks=ROW.tasks | {TaskState.COMPLETE: 6}),)),
            "shows 6 tasks of w1 as COMPLETE, and there are 7",
        ),
        (p.Inbox, v.InboxTable(items=()), "does not show question q1"),
        (
            p.ChatHistory,
            v.Conversation(project="w1", entries=(), before=None),
            "does not know of message m1, which it accepted",
        ),
        (
            p.Status,
            overview(v.Door(name="web", address="", problem="no port"), problem="no disk"),
            "does not open its web door: no port",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_as_it_was_is_named(
    tmp_path: Path, answers: dict[type, Any], request_: type, answer: Any, why: str
) -> None:
    assert why in asked(tmp_path, answers | {request_: answer}).differences


def test_a_web_door_that_says_that_it_is_ill_is_heard(
    tmp_path: Path, answers: dict[type, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Page, "status", 503)

    (said,) = asked(tmp_path, answers).differences

    assert said.startswith("is not healthy at its web door: ")
    assert said.endswith("503 Service Unavailable the disk failed")


def test_one_that_hangs_up_has_not_answered(tmp_path: Path, answers: dict[type, Any]) -> None:
    with pytest.raises(Unanswered, match="hung up when it was asked for inbox"):
        asked(tmp_path, answers | {p.Inbox: HANG_UP})


def test_of_one_that_is_as_it_was_what_it_was_told_is_known(
    tmp_path: Path, answers: dict[type, Any]
) -> None:
    assert asked(tmp_path, answers) == Heard([], frozenset({"m1"}), "m1")


def test_a_web_door_that_opens_a_little_later_is_waited_for(
    tmp_path: Path, answers: dict[type, Any]
) -> None:
    later = answers[p.Status]

    assert asked(tmp_path, answers | {p.Status: [overview(), later]}).differences == []


def test_without_a_project_something_else_is_written(
    tmp_path: Path, answers: dict[type, Any]
) -> None:
    none = answers | {p.ProjectList: v.ProjectTable(projects=()), p.Inbox: v.InboxTable(items=())}
    with FakeDaemon(tmp_path / "s", none) as daemon:
        heard = asyncio.run(ask(daemon.path, "prod", Living()))
        drains = [one.request for one in daemon.heard if isinstance(one.request, p.Drain)]

    assert heard == Heard([], frozenset({"draining"}))
    assert drains == [p.Drain(), p.Drain(end=True)]

import socket
from contextlib import suppress

import pytest

from pmrunnerctl.exits import unreachable
from pmrunnerctl.waiting import Waiting
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import TaskState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.test_client import client, happening

QUEUED = TaskState.QUEUED


def shown(*rows: v.TaskRow) -> v.PlanView:
    return v.PlanView(plan=samples.plan(), alias="demo", message="make", tasks=rows)


def row(
    task: str, waits: str, state: TaskState = QUEUED, needs: tuple[str, ...] = (), **more: bool
) -> v.TaskRow:
    found = samples.task(id=task, state=state, needs=needs)
    return v.TaskRow(task=found, alias="demo", waits=waits, **more)


class Asker:
    """A session whose daemon answers as it is told, and that hears what is noted."""

    def __init__(self, *answers: v.PlanView) -> None:
        self.answers = list(answers)
        self.noted: list[str] = []

    def ask(self, _: object) -> v.PlanView:
        return self.answers.pop(0)

    def note(self, text: str) -> None:
        self.noted.append(text)

    def addressed(self, text: str) -> str:
        return text


def told(*answers: v.PlanView) -> list[str]:
    asker = Asker(*answers)
    waiting = Waiting(asker)  # type: ignore[arg-type]
    for _ in answers:
        waiting.look("p3")
    return asker.noted


def test_each_reason_is_said_once_however_its_figures_change() -> None:
    memory = [row("t3", f"{n}.{n} GiB of memory are free") for n in (1, 2)]
    drained = row("t3", "the daemon drains, as anna asked: pmrunnerctl drain --end")
    assert told(*map(shown, [memory[0], memory[1], drained, memory[0]])) == [
        "task t3 waits: 1.1 GiB of memory are free",
        "task t3 waits: the daemon drains, as anna asked: pmrunnerctl drain --end",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        (row("t3", "", TaskState.RUNNING), row("t4", "run r1-aaaa has the workspace")),
        (row("t3", "starts now"),),
        (row("t3", "", TaskState.ERROR), row("t4", "needs t3", needs=("t3",))),
        (),
    ],
    ids=["one runs", "it begins", "it needs another", "no task"],
)
def test_what_is_no_reason_to_wait_is_not_said(rows: tuple[v.TaskRow, ...]) -> None:
    assert told(shown(*rows)) == []


def test_the_task_that_is_next_is_the_one_that_is_named() -> None:
    rows = [
        row("t3", "", TaskState.COMPLETE),
        row("t4", "needs t5", needs=("t5",)),
        row("t5", "all 2 slots are taken", needs=("t3",)),
    ]
    assert told(shown(*rows)) == ["task t5 waits: all 2 slots are taken"]


@pytest.mark.parametrize("wants", [True, False])
def test_a_login_that_is_wanted_is_told_each_time(wants: bool) -> None:
    asker = Asker(*[shown(row("t3", "nobody is logged in", wants_login=wants))] * 2)
    waiting = Waiting(asker)  # type: ignore[arg-type]

    assert [waiting.look("p3"), waiting.look("p3")] == [wants, wants]
    assert asker.noted == ["task t3 waits: nobody is logged in"]


def test_a_daemon_that_is_away_is_the_business_of_who_follows() -> None:
    class Gone(Asker):
        def ask(self, _: object) -> v.PlanView:
            raise unreachable("cannot reach pmrunnerd")

    gone = Gone()
    Waiting(gone).look("p3")  # type: ignore[arg-type]
    assert gone.noted == []


def test_who_follows_is_told_that_nothing_comes_and_misses_nothing(daemon: FakeDaemon) -> None:
    daemon.answers[p.Events] = [
        Stream([happening(1)], None),
        Stream([happening(2)], "end"),
    ]
    idle = []

    def nothing_comes() -> None:
        idle.append(True)
        # What is asked meanwhile has a connection of its own; the stream's is cut to go on.
        for connection in list(daemon._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    with client(daemon.path) as asking:
        found = asking.stream(p.Events(follow=True), nothing_comes)
        assert [one.cursor for one in found] == [1, 2]
    assert idle == [True]

import json

import pytest

from pmrunnerctl import task as tasks
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome, Purpose, Question, Response, TaskKind, TaskState
from pmrunnerd.model.questions import OPTIONS, Kind
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper


def question(**other: object) -> Question:
    known: dict[str, object] = {
        "id": "q7",
        "project": "j1",
        "task": "t3",
        "run": "r9-4f2a",
        "text": "Which?",
    }
    return Question(**{**known, **other})  # type: ignore[arg-type]


def test_tasks_stand_one_a_line_with_why_they_are_where_they_are(paper: Paper) -> None:
    waits = samples.task(id="t4", state=TaskState.QUEUED, name="deploy", title="Deploy it")
    failed = samples.task(id="t5", state=TaskState.ERROR, reason=f"at {samples.AT}:\nboom")
    tasks.draw_rows(
        paper,
        (
            v.TaskRow(task=waits, alias="demo", waits="needs t3"),
            v.TaskRow(task=failed, alias="demo", waits=""),
        ),
    )

    assert paper.text == (
        "TASK  PLAN  PROJECT  STATE   SINCE      TITLE      WHY\n"
        "t4    p3    demo     QUEUED  2 min ago  Deploy it  needs t3\n"
        "t5    p3    demo     ERROR   2 min ago  Build it   at 11:30:05 UTC, 2 min ago: boom\n"
    )


def test_a_long_title_leaves_room_for_the_reason_on_a_terminal() -> None:
    wide = Paper(columns=120)
    row = v.TaskRow(task=samples.task(title="x" * 72), alias="demo", waits="needs t3")
    tasks.draw_rows(wide, (row,))

    assert f"{'x' * 31}…  needs t3\n" in wide.text


def test_one_task_with_its_text_runs_and_questions(paper: Paper) -> None:
    tasks.draw_task(
        paper,
        v.TaskView(
            task=samples.task(needs=("t1", "t2")),
            alias="demo",
            waits="",
            runs=(samples.run(id="r8-aaaa", ended=samples.ended()), samples.run()),
            questions=(
                question(answer=Response(text="one", by="anna", at=samples.AT)),
                question(id="q8", withdrawn=True),
                question(id="q9"),
            ),
        ),
    )

    assert paper.text == (
        "task     t3 build of plan p3 in demo\n"
        "title    Build it\n"
        "state    RUNNING\n"
        "since    11:30:05 UTC, 2 min ago\n"
        "needs    t1, t2\n"
        "r8-aaaa  succeeded\n"
        "r9-4f2a  running\n"
        "q7       Which?\n"
        "         answered by anna: one\n"
        "q8       Which?\n"
        "         withdrawn\n"
        "q9       Which?\n"
        "         pmrunnerctl answer q9 TEXT\n"
        "text     make\n"
        "         make test\n"
        "next: pmrunnerctl run logs r9-4f2a\n"
    )


def test_a_permission_shows_each_way_to_answer_it_and_what_was_decided(paper: Paper) -> None:
    ours = {"kind": Kind.PERMISSION, "options": OPTIONS[Kind.PERMISSION]}
    no = Response(text="not now", by="anna", at=samples.AT)
    tasks.draw_task(
        paper,
        v.TaskView(
            task=samples.task(),
            alias="demo",
            waits="waits for an answer to q7",
            runs=(),
            questions=(question(**ours), question(id="q8", answer=no, **ours)),
        ),
    )

    assert "waits  for an answer to q7\n" in paper.text
    assert "pmrunnerctl answer q7 --option 1   # allow once\n" in paper.text
    assert "pmrunnerctl answer q7 TEXT   # denies it, with that reason\n" in paper.text
    assert "answered by anna: denied, with this reason: not now\n" in paper.text


def test_a_task_that_failed_says_how_it_is_tried_again(paper: Paper) -> None:
    failed = samples.task(state=TaskState.ERROR, reason="exit status 2")
    tasks.draw_task(paper, v.TaskView(task=failed, alias="demo", waits="", runs=(), questions=()))

    assert paper.text.endswith("next: pmrunnerctl task retry t3\n")


def test_what_runs_left_is_named_and_so_is_that_it_is_no_more(paper: Paper) -> None:
    kept = {name: f"refs/pm-runner/runs/{name}" for name in ("r7-aaaa", "r8-aaaa")}
    runs = [
        samples.run(id=name, ended=samples.ended(Outcome.FAILED, kept=ref))
        for name, ref in kept.items()
    ]
    tasks.draw_task(
        paper,
        v.TaskView(
            task=samples.task(),
            alias="demo",
            waits="",
            runs=(*runs, samples.run()),
            questions=(),
            let_go=("r7-aaaa",),
        ),
    )

    assert (
        "r7-aaaa  failed\n"
        "         kept as refs/pm-runner/runs/r7-aaaa, which was let go with its files\n"
        "r8-aaaa  failed\n"
        "         kept as refs/pm-runner/runs/r8-aaaa\n"
        "r9-4f2a  running\n"
    ) in paper.text


def test_tasks_are_listed_and_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.TaskList] = v.TaskTable(tasks=())
    daemon.answers[p.TaskShow] = v.TaskView(
        task=samples.task(), alias="demo", waits="", runs=(), questions=()
    )

    assert ctl("task", "list", "--project", "demo").out.startswith("no tasks yet\nnext: ")
    assert json.loads(ctl("task", "show", "t3", "--json").out)["task"]["text"] == "make\nmake test"
    assert daemon.requests() == [p.TaskList(project="demo"), p.TaskShow(task="t3")]


def test_what_the_last_run_found_in_the_work_is_shown_with_the_task(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    runs = tuple(
        samples.run(id=name, ended=samples.ended(findings=(what,)))
        for name, what in (("r1", "a is missing"), ("r2", "b is missing"))
    )
    daemon.answers[p.TaskShow] = v.TaskView(
        task=samples.task(), alias="demo", waits="", runs=runs, questions=()
    )

    shown = ctl("task", "show", "t3").out

    assert "b is missing" in shown
    assert "a is missing" not in shown


def test_a_task_is_tried_again(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.TaskRetry] = p.Done(id="t3")

    assert ctl("task", "retry", "t3").out.startswith("task t3 is queued again\n")
    assert ctl("task", "retry", "t3", "--json").out == '{"id":"t3"}\n'
    assert daemon.requests() == [p.TaskRetry(task="t3")] * 2


@pytest.mark.parametrize(
    ("state", "gates", "said"),
    [
        (TaskState.CANCELLED, "", "is cancelled\n"),
        (TaskState.RUNNING, "", "is to be cancelled, as soon as its run r9-4f2a is gone\n"),
        (TaskState.RUNNING, "g5", "is to be cancelled, as soon as its gate run g5 is over\n"),
    ],
)
def test_a_task_is_cancelled_at_once_or_when_its_run_is_gone(
    ctl: Ctl, daemon: FakeDaemon, state: TaskState, gates: str, said: str
) -> None:
    kind = TaskKind.GATES if gates else TaskKind.WORK
    found = samples.task(state=state, runs=("r9-4f2a",), kind=kind, gate_run=gates)
    daemon.answers[p.TaskCancel] = p.Done(id="t3")
    daemon.answers[p.TaskShow] = v.TaskView(
        task=found, alias="demo", waits="", runs=(), questions=()
    )

    assert ctl("task", "cancel", "t3").out.startswith(f"task t3 {said}")
    assert ctl("task", "cancel", "t3", "--json").out == '{"id":"t3"}\n'


def test_a_task_whose_run_nothing_confined_says_so_beside_its_reason(paper: Paper) -> None:
    rows = [
        v.TaskRow(task=samples.task(), alias="demo", waits=waits, unconfined=True)
        for waits in ("", "no slot is free")
    ]
    tasks.draw_rows(paper, rows)

    first, second = paper.text.splitlines()[1:]
    assert first.endswith("UNCONFINED")
    assert second.endswith("UNCONFINED; no slot is free")


def test_a_task_says_what_it_is_for_what_is_expected_of_it_and_what_it_came_to(
    paper: Paper,
) -> None:
    planner = samples.task(kind=TaskKind.PLANNING, sent_back=2)
    tasks.draw_task(paper, v.TaskView(task=planner, alias="demo", waits="", runs=(), questions=()))
    assert "kind       planning: it makes the plan\n" in paper.text
    assert "sent back  2 times\n" in paper.text

    done = samples.task(
        files=("a.py", "b.py"),
        risk="it may break",
        result="it is there",
        purpose=Purpose.CODE,
    )
    tasks.draw_task(paper, v.TaskView(task=done, alias="demo", waits="", runs=(), questions=()))
    lines = (
        "purpose  code",
        "files    a.py, b.py",
        "risk     it may break",
        "result   it is there",
    )
    for line in lines:
        assert f"{line}\n" in paper.text


@pytest.mark.parametrize(
    ("risk", "style"), [("low", ""), ("None.", ""), ("", ""), ("low, it may break", "yellow")]
)
def test_only_a_risk_that_is_one_is_coloured(risk: str, style: str) -> None:
    assert tasks.risk(samples.task(risk=risk)).style == style


def test_what_a_task_has_cost_stands_beside_what_it_may_cost(paper: Paper) -> None:
    view = v.TaskView(
        task=samples.task(), alias="demo", waits="", runs=(), questions=(), cost=1.5, limit=5.0
    )
    tasks.draw_task(paper, view)

    assert "cost   $1.50 of $5.00\n" in paper.text

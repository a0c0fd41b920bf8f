import re
from pathlib import Path
from typing import Any

import pytest

from pmrunnerctl import cli
from pmrunnerctl.address import addressed, quoted, user
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome, Project, Question, TaskState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples

HERE, STATE = Path("/x/control.sock"), Path("/my state")


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl start", "pmrunnerctl --socket /x/control.sock start"),
        ("sudo pmrunnerctl status", "sudo pmrunnerctl --socket /x/control.sock status"),
        ("pmrunnerctl --socket /y status", "pmrunnerctl --socket /y status"),
        ("pmrunnerctl start --state-dir ./state", "pmrunnerctl start --state-dir ./state"),
        ("pmrunnerctl chat -h", "pmrunnerctl chat -h"),
        ("df -h /", "df -h /"),
        ("", ""),
    ],
)
def test_a_command_means_the_socket_that_was_named(hint: str, shown: str) -> None:
    assert addressed(hint, socket=HERE, env="", state_dir=None) == shown


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl start", "pmrunnerctl start --state-dir '/my state'"),
        (
            "pmrunnerctl state verify   then: state repair",
            "pmrunnerctl state verify --state-dir '/my state'   then: state repair",
        ),
        ("pmrunnerctl status", "pmrunnerctl --socket '/my state/control.sock' status"),
        (
            "pmrunnerctl stop; then pmrunnerctl start --env x",
            "pmrunnerctl --socket '/my state/control.sock' stop; then pmrunnerctl start --env x",
        ),
    ],
)
def test_a_command_means_the_state_directory_that_was_named(hint: str, shown: str) -> None:
    assert addressed(hint, socket=None, env="", state_dir=STATE) == shown


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl status", "pmrunnerctl --socket /x/control.sock status"),
        (
            "pmrunnerctl start -- --unconfined",
            "pmrunnerctl --socket /x/control.sock start --state-dir '/my state' -- --unconfined",
        ),
    ],
)
def test_a_socket_that_was_named_beside_a_state_directory_is_the_daemon_s(
    hint: str, shown: str
) -> None:
    assert addressed(hint, socket=HERE, env="", state_dir=STATE) == shown


def test_a_command_means_the_environment_that_was_named() -> None:
    hint = "pmrunnerctl plan approve p1"
    assert addressed(hint, socket=None, env="prod", state_dir=None) == (
        "pmrunnerctl --env prod plan approve p1"
    )
    start = addressed("pmrunnerctl start", socket=None, env="prod", state_dir=STATE)
    assert start == "pmrunnerctl --env prod start --state-dir '/my state'"


def test_a_word_is_one_for_a_shell() -> None:
    assert quoted("a b") == "'a b'"


@pytest.mark.parametrize(
    "words",
    [
        ("chat", "history", "demo"),
        ("task", "show", "t3"),
        ("task", "list"),
        ("plan", "show", "p3"),
        ("run", "show", "r9"),
        ("run", "logs", "r9"),
        ("project", "show", "demo"),
        ("inbox",),
        ("status",),
        ("drain", "--no-wait"),
    ],
    ids=" ".join,
)
def test_whatever_is_shown_to_be_typed_means_the_daemon_that_was_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    with FakeDaemon(tmp_path / "x.sock", answers=_everything()) as daemon:
        status = cli.run(["--socket", str(daemon.path), *words])
    shown = "\n".join(capsys.readouterr())

    assert status == 0
    # What somebody else said stays as it was said.
    commands = re.findall(r"pmrunnerctl (?!was said)[^\n]*", shown)
    assert commands
    mine = f"pmrunnerctl --socket {daemon.path} "
    assert [one for one in commands if not one.startswith(mine)] == []
    assert ("pmrunnerctl was said" in shown) == (
        words[:2] in {("chat", "history"), ("task", "show")}
    )


def _everything() -> dict[type, Any]:
    """Return answers in which everything waits, and much of it with a command."""
    drain = "the daemon drains, as anna asked: pmrunnerctl drain --end"
    hint = "cannot confine it; pmrunnerctl start -- --unconfined"
    waits = TaskState.AWAITING_RESPONSE
    task = samples.task(state=waits, reason=hint, text="pmrunnerctl was said")
    row = v.TaskRow(task=samples.task(state=TaskState.QUEUED), alias="demo", waits=drain)
    asked = Question(id="q7", task="t3", project="j1", run="r9", text="Which?")
    plan = samples.plan()
    run = samples.run(ended=samples.ended(Outcome.FAILED, reason=hint))
    said = samples.conversation(
        samples.entry(1, text="pmrunnerctl was said"),
        samples.entry(2, "question", id="q7", state="AWAITING_RESPONSE", options=("a", "b")),
        samples.entry(3, "plan", id="p3", plan="p3", state="AWAITING_RESPONSE"),
        samples.entry(4, "error", author="runner", text=hint, run="r9-4f2a"),
        before=1,
    )
    finished = pr.Finished(at="", outcome=Outcome.FAILED, reason=hint)
    kept = v.Retention(at=samples.AT, runs=9, size=9, limit=5, prunable=1)
    row_of_project = samples.project_row(now=drain)
    return {
        p.ChatHistory: said,
        p.TaskShow: v.TaskView(
            task=task, alias="demo", runs=(run,), questions=(asked,), waits=drain
        ),
        p.TaskList: v.TaskTable(tasks=(row,)),
        p.PlanShow: v.PlanView(plan=plan, alias="demo", message="m", tasks=(row,)),
        p.RunShow: samples.run_view(run),
        p.RunLogs: Stream([v.LogLine(cursor=9, progress=finished)]),
        p.ProjectShow: v.ProjectView(
            project=Project(id="j1", alias="demo", path="/srv/demo"), row=row_of_project
        ),
        p.Inbox: v.InboxTable(items=(samples.question(),)),
        p.Status: samples.overview(
            waiting=2, refusal=drain, runs=1, retention=kept, projects=(row_of_project,)
        ),
        p.Drain: p.Done(id="dev"),
    }


def test_a_user_is_spelt_by_name_and_one_without_as_sudo_takes_a_number() -> None:
    assert user(0) == "root"
    assert user(45678) == "'#45678'"

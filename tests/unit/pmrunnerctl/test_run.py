import json

import pytest

from pmrunnerd.model import frames
from pmrunnerd.model import progress as pr
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Code
from pmrunnerd.model.upkeep import PruneRow, PruneTable
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl

HELLO = v.LogLine(cursor=9, progress=pr.Output(at="", stream="stdout", text="hello\n"))


def over(outcome: Outcome) -> v.LogLine:
    return v.LogLine(cursor=20, progress=pr.Finished(at="", outcome=outcome, reason="so"))


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.SUCCEEDED, 0),
        (Outcome.FAILED, 8),
        (Outcome.CANCELLED, 8),
        (Outcome.ASKED, 9),
    ],
)
def test_who_follows_a_run_ends_as_it_ended(
    ctl: Ctl, daemon: FakeDaemon, outcome: Outcome, status: int
) -> None:
    daemon.answers[p.RunLogs] = Stream([HELLO, over(outcome)])

    assert ctl("run", "logs", "r1", "-f") == (status, "hello\n", f"-- {outcome}: so\n")
    assert daemon.requests() == [p.RunLogs(run="r1", follow=True)]


def test_who_only_reads_the_log_of_a_failed_run_did_not_fail(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.RunLogs] = Stream([HELLO, over(Outcome.FAILED)])

    assert ctl("run", "logs", "r1").status == 0


@pytest.mark.parametrize(
    ("outcome", "reason", "note"),
    [
        (Outcome.INTERRUPTED, "its host is gone", "interrupted: its host is gone"),
        (Outcome.CANCELLED, "", "cancelled"),
    ],
)
def test_how_a_run_ended_whose_host_could_not_say_is_asked(
    ctl: Ctl, daemon: FakeDaemon, outcome: Outcome, reason: str, note: str
) -> None:
    ended = samples.ended(outcome, reason=reason)
    daemon.answers[p.RunLogs] = Stream([HELLO])
    daemon.answers[p.RunShow] = samples.run_view(samples.run(ended=ended))

    assert ctl("run", "logs", "r1", "--follow") == (8, "hello\n", f"-- {note}\n")
    assert ctl("run", "logs", "r1") == (0, "hello\n", f"-- {note}\n")
    assert json.loads(ctl("run", "logs", "r1", "--json").err) == {"note": note}


def test_the_log_of_a_run_that_goes_on_says_no_end(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.RunLogs] = Stream([HELLO])
    daemon.answers[p.RunShow] = samples.run_view(samples.run())

    assert ctl("run", "logs", "r1") == (0, "hello\n", "")


def test_a_log_is_lines_of_json(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.RunLogs] = Stream([HELLO, over(Outcome.SUCCEEDED)])

    logged = ctl("run", "logs", "r1", "--json")

    assert [json.loads(line)["progress"]["event"] for line in logged.out.splitlines()] == [
        "output",
        "finished",
    ]
    assert not logged.err


def test_a_log_torn_by_a_restart_is_printed_once(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.RunLogs] = [Stream([HELLO], "stopping"), Stream([over(Outcome.SUCCEEDED)])]

    assert ctl("run", "logs", "r1", "-f", patience="5").out == "hello\n"
    assert [request.cursor for request in daemon.requests()] == [0, 9]


def test_without_a_name_the_latest_run_is_meant_and_named(ctl: Ctl, daemon: FakeDaemon) -> None:
    row = v.RunRow(run=samples.run(), alias="demo", title="Build it")
    daemon.answers[p.RunList] = [v.RunTable(runs=(row,)), v.RunTable(runs=())]
    daemon.answers[p.RunLogs] = Stream([HELLO])
    daemon.answers[p.RunShow] = samples.run_view(samples.run())

    assert ctl("run", "logs") == (0, "hello\n", "-- run r9-4f2a of task t3: Build it\n")
    assert daemon.requests()[:2] == [p.RunList(limit=1), p.RunLogs(run="r9-4f2a")]
    assert ctl("run", "logs").status == 3


def test_what_a_model_cost_and_what_was_found_in_its_work_is_shown(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    over = samples.ended(dollars=0.0125, turns=3, findings=("a is missing", "b too"))
    daemon.answers[p.RunShow] = samples.run_view(samples.run(ended=over))

    lines = ctl("run", "show", "r9-4f2a").out.splitlines()

    told = [line.split(None, 1) for line in lines if line.startswith(("cost", "found"))]
    assert told == [["cost", "$0.0125, 3 turns"], ["found", "a is missing"], ["found", "b too"]]


def test_runs_are_listed_and_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.RunList] = v.RunTable(runs=())
    daemon.answers[p.RunShow] = samples.run_view(samples.run())

    assert ctl("run", "list", "--limit", "3").out.startswith("no runs yet\nnext: ")
    assert ctl("run", "show", "r9-4f2a").out.startswith("run ")
    assert daemon.requests() == [p.RunList(limit=3), p.RunShow(run="r9-4f2a")]


@pytest.mark.parametrize(
    ("verb", "request_", "said"),
    [
        ("cancel", p.RunCancel(run="r1"), "run r1-4f2a is being stopped"),
        ("resume", p.RunResume(run="r1"), "the task of run r1-4f2a is queued again"),
    ],
)
def test_a_run_is_steered(
    ctl: Ctl, daemon: FakeDaemon, verb: str, request_: p.Request[p.Done], said: str
) -> None:
    daemon.answers[type(request_)] = p.Done(id="r1-4f2a")

    assert ctl("run", verb, "r1").out.startswith(said)
    assert daemon.requests() == [request_]


@pytest.mark.parametrize(
    ("words", "request_", "said"),
    [
        (("prune",), p.RunPrune(), "deleted; "),
        (("prune", "--dry-run"), p.RunPrunable(), "would be deleted; "),
    ],
)
def test_what_is_kept_of_runs_is_let_go_or_only_looked_at(
    ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...], request_: p.Request[PruneTable], said: str
) -> None:
    row = PruneRow(run="r1-4f2a", alias="demo", size=9, age=1.0, reason="it is old")
    table = PruneTable(runs=(row,), freed=9, kept=0, limit=5)
    daemon.answers[type(request_)] = [table, table]

    assert said in ctl("run", *words).out
    assert json.loads(ctl("run", *words, "--json").out)["runs"][0]["reason"] == "it is old"
    assert daemon.requests() == [request_, request_]


def test_the_log_of_a_run_whose_files_were_let_go_is_exit_status_3(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    said = "cannot show the log of run r1: its files were let go at noon: it is old"
    daemon.answers[p.RunLogs] = frames.Failed(
        call=0, code=Code.NOT_FOUND, message=said, hint="pmrunnerctl run show r1"
    )

    assert ctl("run", "logs", "r1", "-f") == (
        3,
        "",
        f"pmrunnerctl: {said}\n  hint: pmrunnerctl run show r1\n",
    )

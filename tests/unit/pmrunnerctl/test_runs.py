from pmrunnerctl import runs
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Paper


def test_runs_stand_one_a_line_with_how_long_they_took(paper: Paper) -> None:
    over = samples.run(ended=samples.ended(Outcome.TIMED_OUT))
    runs.table(
        paper,
        v.RunTable(
            runs=tuple(
                v.RunRow(run=run, alias="demo", title="Build it")
                for run in (over, samples.run(id="r10-0000"))
            )
        ),
    )

    assert paper.text == (
        "RUN       TASK  PROJECT  OUTCOME    BEGAN      TOOK   TITLE\n"
        "r9-4f2a   t3    demo     timed-out  2 min ago  2 min  Build it\n"
        "r10-0000  t3    demo     running    2 min ago         Build it\n"
    )


def test_one_run_with_what_it_left(paper: Paper) -> None:
    ended = samples.ended(
        Outcome.FAILED, reason="exit status 2", kept="refs/pm-runner/runs/r9-4f2a"
    )
    runs.draw(paper, samples.run_view(samples.run(ended=ended, head="0123", confined=True)))

    assert paper.text == (
        "run        r9-4f2a, attempt 1 at task t3 in demo\n"
        "title      Build it\n"
        "agent      shell, confined\n"
        "began      11:30:05 UTC, 2 min ago\n"
        "at commit  0123\n"
        "outcome    failed\n"
        "ended      11:32:35 UTC, 30 s ago\n"
        "reason     exit status 2\n"
        "kept as    refs/pm-runner/runs/r9-4f2a\n"
        "files      /srv/state/runs/r9-4f2a\n"
        "next: pmrunnerctl run logs r9-4f2a\n"
    )


def test_a_run_under_way_can_be_watched_and_one_without_a_sandbox_stands_out(paper: Paper) -> None:
    runs.draw(paper, samples.run_view(samples.run(confined=False), alive=True))

    assert "agent    shell, UNCONFINED\n" in paper.text
    assert "process  alive\n" in paper.text
    assert paper.text.endswith("next: pmrunnerctl run logs r9-4f2a -f\n")


def test_a_run_that_nothing_confined_stands_out_among_others(paper: Paper) -> None:
    rows = [
        v.RunRow(run=samples.run(confined=how), alias="demo", title="x")
        for how in (True, None, False)
    ]
    runs.table(paper, v.RunTable(runs=tuple(rows)))

    assert ["UNCONFINED" in line for line in paper.text.splitlines()[1:]] == [False, False, True]

from pmrunnerctl import runs
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.upkeep import GateLeft, GatesLeft, PruneRow, PruneTable
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
        Outcome.FAILED,
        reason="exit status 2",
        kept="refs/pm-runner/runs/r9-4f2a",
        peak_memory=12 * (1 << 20) + (1 << 19),
        cpu_seconds=0.234,
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
        "memory     12.5 MiB at most\n"
        "CPU        0.2 s\n"
        "files      /srv/state/runs/r9-4f2a\n"
        "next: pmrunnerctl run logs r9-4f2a\n"
    )


def test_all_that_keeps_something_of_a_run_is_named(paper: Paper) -> None:
    run = samples.run(ended=samples.ended(Outcome.FAILED, kept="refs/x", also=("refs/x-2",)))
    runs.draw(paper, samples.run_view(run))

    assert "kept as  refs/x, refs/x-2\n" in paper.text


def test_output_that_was_not_kept_is_told(paper: Paper) -> None:
    noted = "it printed more than 64 MiB; the rest is not kept"
    runs.draw(paper, samples.run_view(samples.run(ended=samples.ended(noted=noted))))

    assert f"output   {noted}\n" in paper.text


def test_what_nobody_measured_is_not_shown_as_nothing(paper: Paper) -> None:
    ended = samples.ended(Outcome.INTERRUPTED, reason="its run host was gone without a word")
    runs.draw(paper, samples.run_view(samples.run(ended=ended)))

    assert "memory   not known\n" in paper.text
    assert "CPU      not known\n" in paper.text


def test_a_run_under_way_can_be_watched_and_one_without_a_sandbox_stands_out(paper: Paper) -> None:
    runs.draw(paper, samples.run_view(samples.run(confined=False), alive=True))

    assert "agent    shell, UNCONFINED\n" in paper.text
    assert "process  alive\n" in paper.text
    assert paper.text.endswith("next: pmrunnerctl run logs r9-4f2a -f\n")


def test_a_run_whose_files_were_let_go_says_so_and_what_went_with_them(paper: Paper) -> None:
    kept = "refs/pm-runner/runs/r9-4f2a"
    run = samples.run(ended=samples.ended(Outcome.FAILED, kept=kept))
    gone = v.Pruned(at="2026-11-24T11:33:00.000Z", reason="it is old", size=2048, refs=(kept,))
    runs.draw(paper, samples.run_view(run, pruned=gone))

    assert f"kept as  {kept}, which was let go with its files, like all else" in paper.text
    assert "files    let go 11:33:00 UTC, 5 s ago (2.0 KiB): it is old\n" in paper.text
    assert paper.text.endswith("next: pmrunnerctl task show t3\n")


def test_a_reference_that_did_not_go_with_the_files_is_told_as_ever(paper: Paper) -> None:
    run = samples.run(ended=samples.ended(Outcome.FAILED, kept="refs/x"))
    gone = v.Pruned(at="2026-11-24T11:33:00.000Z", reason="it is old", size=2048, by="anna")
    runs.draw(paper, samples.run_view(run, pruned=gone))

    assert "kept as  refs/x\n" in paper.text
    assert "files    let go by anna 11:33:00" in paper.text


ROW = PruneRow(
    run="r9-4f2a", alias="demo", size=2048, age=90000.0, reason="it is old", refs=("refs/x",)
)


def test_what_would_be_deleted_stands_one_a_line_with_what_stays(paper: Paper) -> None:
    found = PruneTable(runs=(ROW,), freed=2048, kept=1024, limit=4096)
    runs.pruned(paper, found, dry_run=True)

    assert paper.text == (
        "RUN      PROJECT  SIZE     CHANGED  SAVED AS  WHY\n"
        "r9-4f2a  demo     2.0 KiB  1 d ago  refs/x    it is old\n"
        "with a run goes all that its workspace keeps of it: refs/pm-runner/runs/RUN, RUN-2 and so"
        " on, in submodules, too (of a removed project nothing); what was set aside stays; SIZE is"
        " that of its files alone\n"
        "1 run, 2.0 KiB would be deleted; 1.0 KiB of at most 4.0 KiB stay\n"
        "next: pmrunnerctl run prune\n"
    )


def test_what_gate_runs_left_stands_below_with_what_of_it_stays(paper: Paper) -> None:
    part = GateLeft(part="log", name="g1-4f2a4f2a-unit", size=2048, reason="it is old")
    gates = GatesLeft(parts=(part,), freed=2048, kept=1024, left=("tree x: no",))
    runs.pruned(paper, PruneTable(runs=(), freed=0, kept=0, limit=4096, gates=gates), dry_run=True)

    assert paper.text == (
        "nothing to delete; 0 bytes of at most 4.0 KiB stay\n"
        "OF GATES  NAME              SIZE     WHY\n"
        "log       g1-4f2a4f2a-unit  2.0 KiB  it is old\n"
        "1 part of gate runs, 2.0 KiB would be deleted; 1.0 KiB stay\n"
        "not deleted: tree x: no\n"
        "next: pmrunnerctl run prune\n"
    )


def test_what_was_deleted_is_told_and_what_could_not_be_yet(paper: Paper) -> None:
    left = ("run r1-aaaa: a run has /srv/demo",)
    runs.pruned(
        paper, PruneTable(runs=(), freed=0, kept=1024, limit=4096, left=left), dry_run=False
    )

    assert paper.text == (
        "nothing to delete; 1.0 KiB of at most 4.0 KiB stay\n"
        "not deleted: run r1-aaaa: a run has /srv/demo\n"
    )


def test_where_nothing_is_to_be_deleted_it_is_said_why_all_stay(paper: Paper) -> None:
    runs.pruned(paper, PruneTable(runs=(), freed=0, kept=1024, limit=4096), dry_run=True)
    assert "among the latest of its project" in paper.text.splitlines()[1]


def test_where_there_is_nothing_nothing_stays(paper: Paper) -> None:
    runs.pruned(paper, PruneTable(runs=(), freed=0, kept=0, limit=4096), dry_run=True)
    assert paper.text == "nothing to delete; 0 bytes of at most 4.0 KiB stay\n"


def test_a_run_that_nothing_confined_stands_out_among_others(paper: Paper) -> None:
    rows = [
        v.RunRow(run=samples.run(confined=how), alias="demo", title="x")
        for how in (True, None, False)
    ]
    runs.table(paper, v.RunTable(runs=tuple(rows)))

    assert ["UNCONFINED" in line for line in paper.text.splitlines()[1:]] == [False, False, True]

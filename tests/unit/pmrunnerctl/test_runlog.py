import json

import pytest

from pmrunnerctl.exits import Exit
from pmrunnerctl.runlog import Log, exits
from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.views import LogLine
from tests.unit.pmrunnerctl.conftest import Paper

BEGAN = pr.Began(at="", head="0123456789abcdef", confined=True, pid=7)


def written(*said: pr.AnyProgress, columns: int | None = None) -> tuple[str, str]:
    out, err = Paper(columns), Paper(columns)
    log = Log(out, err)
    for n, progress in enumerate(said):
        log.write(LogLine(cursor=n, progress=progress))
    return out.text, err.text


def output(text: str, stream: str = "stdout") -> pr.Output:
    return pr.Output(at="", stream=stream, text=text)


def test_what_a_script_printed_goes_where_it_printed_it_byte_for_byte() -> None:
    raw = "\x1b[2J\x1b[31mred\rline\n\x07"

    out, err = written(output(raw), output("oops\n", "stderr"), output("end"))

    assert (out, err) == (raw + "end", "oops\n")


def test_what_an_agent_says_is_the_log_and_what_it_does_is_a_note() -> None:
    out, err = written(
        pr.Said(at="", text="I will look."),
        pr.Said(at="", text="hm", thought=True),
        pr.Used(at="", tool="Read", target="/x"),
        pr.Concluded(at="", text="It is there."),
    )

    assert out == "I will look.\nIt is there.\n"
    assert err == "-- thinks: hm\n-- Read: /x\n"


def test_a_result_that_was_said_in_the_same_words_is_not_told_twice() -> None:
    out, _ = written(
        pr.Said(at="", text="There are two."),
        pr.Charged(at="", dollars=1, turns=1),
        pr.Concluded(at="", text="There are two."),
    )

    assert out == "There are two.\n"


def test_a_cost_that_stays_and_a_command_that_ends_are_not_told_twice() -> None:
    def other(kind: str, **data: str) -> pr.Other:
        return pr.Other(at="", kind=kind, data=json.dumps(data))

    _, err = written(
        other("task_started", description="make test"),
        other("task_notification", summary="make test"),
        other("task_notification", summary="it ended"),
        *(pr.Charged(at="", dollars=dollars, turns=1) for dollars in (1, 1, 2)),
    )

    assert err == (
        "-- started: make test\n"
        "-- it ended\n"
        "-- cost $1.00 so far, 1 turn\n"
        "-- cost $2.00 so far, 1 turn\n"
    )


def test_our_own_notes_go_to_standard_error() -> None:
    out, err = written(
        BEGAN,
        pr.PutBack(at="", ref="refs/pm-runner/runs/r0", there=True),
        pr.PutBack(at="", ref="refs/pm-runner/runs/r0", there=False),
        pr.Told(at=""),
        pr.Served(at=""),
        pr.Asked(at="", text="Which?", options=("one", "two")),
        pr.Asked(at="", text="Why?"),
        pr.Committed(at="", commit="fedcba9876543210", subject="Build it", files=1),
        pr.Kept(at="", ref="refs/pm-runner/runs/r1", files=2),
        pr.Kept(at="", ref="refs/x", files=2, also=("refs/x-2", "refs/x in library")),
        pr.PutAway(at="", run="r0", ref="refs/x", files=2, also=("refs/x-2",)),
        pr.Kept(at="", ref="", files=0, aside=".git/pm-runner-kept/r1-1"),
        pr.PutAway(at="", run="r0", ref="refs/pm-runner/runs/r0", files=1),
        pr.Finished(at="", outcome=Outcome.FAILED, reason="exit status 2"),
        pr.Finished(at="", outcome=Outcome.SUCCEEDED),
    )

    assert not out
    assert err == (
        "-- began at 0123456789ab, in a sandbox\n"
        "-- what is kept as refs/pm-runner/runs/r0 is there again\n"
        "-- what is kept as refs/pm-runner/runs/r0 cannot be put back\n"
        "-- asked: Which? [one | two]\n"
        "-- asked: Why?\n"
        "-- committed fedcba987654 Build it (1 file)\n"
        "-- kept 2 files as refs/pm-runner/runs/r1\n"
        "-- kept 2 files as refs/x, refs/x-2, refs/x in library\n"
        "-- what run r0 left behind (2 files) is kept as refs/x, refs/x-2\n"
        "-- what git cannot keep is in .git/pm-runner-kept/r1-1\n"
        "-- what run r0 left behind (1 file) is kept as refs/pm-runner/runs/r0\n"
        "-- failed: exit status 2\n"
        "-- succeeded\n"
    )


def test_what_the_runner_says_in_the_midst_of_the_output_is_a_note_and_none_of_it() -> None:
    much = "it printed more than 64 MiB; the rest is not kept\n"

    out, err = written(output("bbbb"), output(much, "runner"), output("cc"))

    assert out == "bbbbcc"
    assert err == "-- it printed more than 64 MiB; the rest is not kept\n"


def test_a_run_without_a_sandbox_says_so() -> None:
    began = pr.Began(at="", head="01", confined=False, pid=7)

    assert written(began)[1] == "-- began at 01, UNCONFINED\n"


def test_on_a_terminal_an_agent_keeps_its_colours_and_drives_nothing_else() -> None:
    out, _ = written(output("\x1b[31mred\x1b[2J\n"), columns=80)

    assert out == "\x1b[31mred\\x1b[2J\n\x1b[0m"


def test_on_a_terminal_a_note_begins_a_line_of_its_own() -> None:
    out, _ = written(output("no end"), BEGAN, output("next\n"), BEGAN, columns=80)

    assert out == "no end\nnext\n"


def test_a_note_cannot_be_forged_with_control_characters() -> None:
    _, err = written(pr.Asked(at="", text="x\x1b[2K\r"))

    assert err == "-- asked: x\\x1b[2K\\x0d\n"


def test_a_note_of_several_lines_cannot_pass_for_several_notes() -> None:
    forged = "why?\n-- succeeded"
    _, err = written(pr.Asked(at="", text=forged, options=(forged,)), output(forged, "runner"))

    assert [line for line in err.splitlines() if line.startswith("--")] == [
        "-- asked: why?",
        "-- why?",
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_success_is_success(outcome: Outcome) -> None:
    assert (exits(outcome) is Exit.OK) == (outcome is Outcome.SUCCEEDED)
    assert (exits(outcome) is Exit.NEEDS_YOU) == (outcome in {Outcome.ASKED, Outcome.HELD})

import os
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.spec import Answered, Limits
from pmrunnerd.services.agents.protocol import Verdict
from tests.unit.services.agents.parts import work
from tests.unit.services.parts import eventually, processes


def test_a_script_that_ends_well_succeeded_and_both_streams_are_told_apart(tmp_path: Path) -> None:
    verdict, heard = work(tmp_path, "echo out; echo err >&2; echo ü > made")

    assert verdict == Verdict(outcome=Outcome.SUCCEEDED, status=0)
    assert (heard.text("stdout"), heard.text("stderr")) == ("out\n", "err\n")
    assert (tmp_path / "workspace/made").read_text() == "ü\n"
    assert heard.usage is not None


@pytest.mark.parametrize(
    ("script", "status"),
    [("false; touch on", 1), ("false | true; touch on", 1), ("echo $nothing; touch on", 1)],
    ids=["a command", "a pipe", "a variable"],
)
def test_the_first_failure_ends_a_script(tmp_path: Path, script: str, status: int) -> None:
    verdict, _ = work(tmp_path, script)

    assert (verdict.outcome, verdict.status) == (Outcome.FAILED, status)
    assert not (tmp_path / "workspace/on").exists()


def test_a_failure_is_told_with_its_status_and_its_last_lines(tmp_path: Path) -> None:
    verdict, _ = work(tmp_path, "seq 100; echo no flour >&2; exit 3")

    assert verdict.status == 3
    assert verdict.reason.startswith("exit status 3: ")
    assert "no flour" in verdict.reason
    assert "100" in verdict.reason
    assert "\n50\n" not in verdict.reason


def test_an_endless_last_line_does_not_make_an_endless_reason(tmp_path: Path) -> None:
    verdict, heard = work(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x; exit 3")

    assert len(verdict.reason) < 2100
    assert len(heard.text()) == 300_000


def test_a_script_that_is_killed_failed(tmp_path: Path) -> None:
    verdict, _ = work(tmp_path, "kill -SEGV $$")

    assert verdict.outcome is Outcome.FAILED
    assert "11" in verdict.reason or "139" in verdict.reason


def test_a_script_that_takes_too_long_is_timed_out(tmp_path: Path) -> None:
    limits = Limits(total=0.3, silence=60)
    verdict, _ = work(tmp_path, "while :; do echo x; sleep 0.01; done", limits=limits)

    assert verdict.outcome is Outcome.TIMED_OUT
    assert verdict.reason.startswith("not done after 0.3 s: x")


def test_a_script_that_says_nothing_for_too_long_is_stalled(tmp_path: Path) -> None:
    word = f"9{os.getpid()}1"
    limits = Limits(total=60, silence=0.3)
    verdict, heard = work(tmp_path, f"echo begun; sleep {word}", limits=limits)

    assert (verdict.outcome, verdict.reason) == (Outcome.STALLED, "silent for 0.3 s: begun")
    assert heard.text() == "begun\n"
    eventually(lambda: not processes(word))


def test_a_script_that_keeps_talking_is_not_stalled(tmp_path: Path) -> None:
    limits = Limits(total=60, silence=1)
    script = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done"

    assert work(tmp_path, script, limits=limits)[0].outcome is Outcome.SUCCEEDED


def test_a_question_without_an_answer_ends_the_script_there(tmp_path: Path) -> None:
    word = f"9{os.getpid()}2"
    script = f"setsid -f sleep {word}; echo before; a=$(pm-ask 'Which?' a 'b c') || true; touch on"
    verdict, heard = work(tmp_path, script)

    assert verdict == Verdict(outcome=Outcome.ASKED)
    assert heard.questions == [("Which?", ("a", "b c"))]
    assert heard.text() == "before\n"
    assert not (tmp_path / "workspace/on").exists()
    assert processes(f"sleep\0{word}") == []


def test_a_question_with_an_answer_goes_on_and_the_next_one_asks(tmp_path: Path) -> None:
    script = "a=$(pm-ask 'Which?' a); echo $a > first; b=$(pm-ask 'Which?' a); echo $b > second"
    known = (Answered(question="Which?", answer="anything at all"),)
    verdict, heard = work(tmp_path, script, answers=known)
    assert verdict.outcome is Outcome.ASKED
    assert len(heard.questions) == 1
    assert (tmp_path / "workspace/first").read_text() == "anything at all\n"

    (tmp_path / "agent/ask").unlink()
    both = (*known, Answered(question="Which?", answer="b"))
    verdict, heard = work(tmp_path, script, answers=both)
    assert (verdict.outcome, heard.questions) == (Outcome.SUCCEEDED, [])
    assert (tmp_path / "workspace/second").read_text() == "b\n"


def test_a_question_that_cannot_be_asked_is_the_script_s_own_failure(tmp_path: Path) -> None:
    verdict, heard = work(tmp_path, "pm-ask")

    assert (verdict.outcome, verdict.status) == (Outcome.FAILED, 2)
    assert heard.questions == []


def test_a_script_has_nothing_to_read_and_may_hold_any_text(tmp_path: Path) -> None:
    verdict, heard = work(tmp_path, "cat; read -r x || true; echo '$(exit 9) `exit 9` \"' é")

    assert verdict.outcome is Outcome.SUCCEEDED
    assert heard.text() == '$(exit 9) `exit 9` " é\n'


def test_bytes_that_are_no_text_are_spelled(tmp_path: Path) -> None:
    _, heard = work(tmp_path, r"printf 'a\xffb\n'")

    assert heard.text() == "a\\xffb\n"


def test_what_stays_in_the_background_ends_with_the_script(tmp_path: Path) -> None:
    word = f"9{os.getpid()}3"
    verdict, _ = work(tmp_path, f"sleep {word} & setsid -f sleep {word}; echo done")

    assert verdict.outcome is Outcome.SUCCEEDED
    assert processes(f"sleep\0{word}") == []

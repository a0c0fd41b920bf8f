"""What an agent is told first."""

from pmrunnerd.model.progress import Answered
from pmrunnerd.model.questions import Kind
from pmrunnerd.services.agents.acp.prompts import opening
from tests.unit.services.agents.parts import session_spec as spec

ANSWERED = Answered(question="Which?", answer="cherry", run="r1")
FOUND = Answered(question="Found", answer="Leave b out.", run="r1", kind=Kind.FINDINGS)


def test_a_new_session_is_told_its_task_and_that_its_last_message_is_the_result() -> None:
    told = opening(spec(), "", "", loaded=False)

    assert "Your last message is the result" in told
    assert told.endswith("<task>\nDo it.\n</task>")


def test_a_new_session_of_a_later_run_is_told_all_that_was_said_before() -> None:
    before = spec(earlier=("r0", "r1"), answers=(ANSWERED, FOUND))

    parts = opening(before, "It is allowed.", "It is lost.", loaded=False).split("\n\n")
    assert parts[-5:] == [
        "Somebody worked on it before you. What was changed then lies in the workspace: look first.",
        "You asked: Which?\nA person answers: cherry",
        "It is allowed.",
        "A person looked at what was found in your work, and says:\nLeave b out.",
        "It is lost.",
    ]


def test_a_session_that_goes_on_is_told_what_is_new_and_no_more() -> None:
    told = opening(spec(earlier=("r1",), answers=(ANSWERED,)), "It is allowed.", "", loaded=True)

    assert told == "You asked: Which?\nA person answers: cherry\n\nIt is allowed."
    later = spec(earlier=("r1", "r2"), answers=(ANSWERED,))
    assert opening(later, "", "", loaded=True).startswith("Your task is tried again.")


def test_a_session_that_was_interrupted_is_told_so() -> None:
    told = opening(spec(earlier=("r1",), interrupted=("r1",)), "", "It is lost.", loaded=True)

    assert told.startswith("You were interrupted.")
    assert told.endswith("It is lost.")

"""What an agent is told first."""

from pmrunnerd.model.questions import ALLOW_TASK, Kind
from pmrunnerd.model.spec import Answered, Spec
from pmrunnerd.services.agents.acp.permissions import Permissions
from pmrunnerd.services.agents.acp.prompts import opening
from tests.unit.services.agents.parts import session_spec as spec

LOST = "It is lost."
BEFORE = (
    "Somebody worked on it before you. What was changed then lies in the workspace: look first."
)


def said(kind: Kind, question: str, answer: str, *, news: bool = True) -> Answered:
    return Answered(question=question, answer=answer, run="r1", kind=kind, news=news)


def answers(*, news: bool = True) -> tuple[Answered, ...]:
    return (
        said(Kind.AGENT, "Which?", "cherry", news=news),
        said(Kind.PERMISSION, "May it use a?", ALLOW_TASK, news=news),
        said(Kind.FINDINGS, "Found", "Leave b out.", news=news),
    )


WORDS = [
    "You asked: Which?\nA person answers: cherry",
    "A person was asked: May it use a? It is allowed; do it again now.",
    "A person looked at what was found in your work, and says:\nLeave b out.",
]


def told(given: Spec, lost: str = "", *, loaded: bool) -> str:
    return opening(given, Permissions(given.answers, given.workspace), lost, loaded=loaded)


def test_a_new_session_is_told_its_task_and_that_its_last_message_is_the_result() -> None:
    prompt = told(spec(), loaded=False)

    assert "Your last message is the result" in prompt
    assert prompt.endswith("<task>\nDo it.\n</task>")


def test_a_new_session_of_a_later_run_is_told_all_that_was_said_though_it_is_no_news() -> None:
    for news in (True, False):
        before = spec(earlier=("r0", "r1"), answers=answers(news=news))

        assert told(before, loaded=False).split("\n\n")[-4:] == [
            BEFORE,
            *WORDS,
        ]


def test_a_new_session_is_not_sent_to_look_for_what_is_lost() -> None:
    prompt = told(spec(earlier=("r1",)), LOST, loaded=False)

    assert prompt.endswith(LOST)
    assert "Somebody worked" not in prompt


def test_a_session_that_goes_on_is_told_what_is_new_and_no_more() -> None:
    news = spec(earlier=("r1", "r2"), answers=answers())
    known = spec(earlier=("r1", "r2"), answers=answers(news=False))

    assert told(news, LOST, loaded=True).split("\n\n") == [*WORDS, LOST]
    assert told(known, loaded=True).startswith("Your task is tried again.")


def test_a_session_that_was_interrupted_is_told_so() -> None:
    prompt = told(spec(earlier=("r1",), interrupted=("r1",)), LOST, loaded=True)

    assert prompt.startswith("You were interrupted.")
    assert prompt.endswith(LOST)

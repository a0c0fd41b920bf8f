"""What an agent of the protocol asks for is asked of a person, between two runs."""

from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Said, Told, Used
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from tests.integration.acp.parts import Acps, answers, heard_of
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox

pytestmark = needs_sandbox

MAKE = {"run": "echo made > made.txt; echo done"}
DONE = {"say": "It is done."}
FORM: dict[str, Any] = {
    "message": "Which fruit?",
    "requestedSchema": {
        "type": "object",
        "properties": {
            "q": {
                "type": "string",
                "oneOf": [
                    {"const": "apple", "title": "apple — a red one"},
                    {"const": "cherry", "title": "cherry"},
                ],
            },
            "q_custom": {"type": "string", "title": "Other"},
        },
    },
}


@pytest.mark.parametrize(
    ("answer", "told"), [(DENY, "It is not allowed. Go on"), ("no shells", "reason: no shells")]
)
def test_what_is_denied_is_told_to_the_session_with_the_reason(
    tmp_path: Path, answer: str, told: str
) -> None:
    with Hosts(tmp_path) as hosts:
        acps = Acps(
            hosts, [{"say": "I will."}, MAKE, DONE], [{"expect": told}, {"say": "Without."}]
        )
        first = acps.start()
        asked = hosts.over(first)
        second = acps.start(answers=answers(asked, first, answer))
        said = hosts.over(second)

        (one,) = every(asked, Asked)
        assert (end(asked).outcome, one.kind) == (Outcome.ASKED, Kind.PERMISSION)
        assert one.text.splitlines() == [
            f"May it use execute on {MAKE['run']}?",
            '"allow once" is for the next use of execute on just that.',
            '"allow for this task" is for any use of execute.',
        ]
        assert one.options == OPTIONS[Kind.PERMISSION]
        assert acps.heard(first)[-1] == "session/cancel"
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert "session/load" in acps.heard(second)
        assert [one.text for one in every(said, Said)] == ["Without."]
        assert not (hosts.workspace / "made.txt").exists()


def test_what_is_allowed_once_is_asked_the_next_time(tmp_path: Path) -> None:
    again = [{"expect": "It is allowed; do it again now."}, MAKE, MAKE, DONE]
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [MAKE, DONE], again)
        first = acps.start()
        said = acps.run(answers=answers(hosts.over(first), first, ALLOW_ONCE))

        assert end(said).outcome is Outcome.ASKED, said
        assert [(one.tool, one.result) for one in every(said, Used)] == [("execute", "done\n")]


def test_what_is_allowed_for_the_task_is_not_asked_again(tmp_path: Path) -> None:
    other = {"run": "cat made.txt"}
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [MAKE, DONE], [{"expect": "do it again now"}, MAKE, other, DONE])
        first = acps.start()
        said = acps.run(answers=answers(hosts.over(first), first, ALLOW_TASK))

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert git(hosts.workspace, "show", "HEAD:made.txt") == "made\n"


def test_an_answer_to_a_form_is_told_as_text_to_the_session_that_asked(tmp_path: Path) -> None:
    told = "You asked: Which fruit?\nA person answers: cherry"
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"form": FORM}, DONE], [{"expect": told}, DONE])
        first = acps.start()
        asked = hosts.over(first)
        said = acps.run(answers=answers(asked, first, "cherry"))

        (one,) = every(asked, Asked)
        assert (one.text, one.options, one.kind) == (
            "Which fruit?",
            ("apple", "cherry"),
            Kind.AGENT,
        )
        assert one.details == ("apple — a red one", "")
        assert end(said).outcome is Outcome.SUCCEEDED, said


def test_one_that_loads_no_session_is_told_all_of_it_again(tmp_path: Path) -> None:
    told = [{"expect": "<task>\ndo it\n</task>"}, {"expect": "Somebody worked on it before you."}]
    answer = {"expect": "You asked: Which fruit?\nA person answers: cherry"}
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"form": FORM}], [*told, answer, DONE], loads=False)
        first = acps.start()
        said = acps.run(answers=answers(hosts.over(first), first, "cherry"))

        assert end(said).outcome is Outcome.SUCCEEDED, said


def test_one_that_does_not_leave_off_is_ended_and_its_question_is_asked(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, [{"form": {**FORM, "deaf": True}}]).run()

        assert end(said).outcome is Outcome.ASKED, said
        assert len(every(said, Asked)) == 1


@pytest.mark.parametrize("loads", [True, False])
def test_an_answer_is_told_until_a_session_knows_it_and_to_one_that_knows_nothing(
    tmp_path: Path, *, loads: bool
) -> None:
    told: dict[str, Any] = {"expect": "You asked: Which fruit?\nA person answers: cherry"}
    hears = [told, {"say": "I see."}, {"write": ["fruit.txt", "cherry\n"]}, {"hang": "deaf"}]
    last = {"expect": "You were interrupted."} if loads else told
    with Hosts(tmp_path) as hosts:
        acps = Acps(
            hosts, [{"form": FORM}], [told, {"hang": "deaf"}], hears, [last, DONE], loads=loads
        )
        first = acps.start()
        known = answers(hosts.over(first), first, "cherry")
        second = acps.start(answers=known)
        eventually(lambda: acps.has_heard(second, "session/prompt"))
        hosts.kill(second)
        third = acps.start(answers=known, interrupted=(second,))
        eventually(lambda: every(hosts.said(third), Told))
        hosts.kill(third)
        assert every(hosts.said(second), Told) == []
        known = heard_of(known, hosts.said(third))
        said = acps.run(answers=known, interrupted=(third,))

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert every(said, Told)

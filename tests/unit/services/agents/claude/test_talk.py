"""A conversation comes to a verdict, whatever the other side says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Budget, Means
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.claude.talk import Talk
from pmrunnerd.services.agents.protocol import Job, Verdict
from tests.unit.services.agents.claude.parts import Teller, asks, ended, lines, stopped
from tests.unit.services.agents.parts import Heard
from tests.unit.services.agents.parts import session_spec as spec
from tests.unit.services.parts import head, repository, unconfined

DONE = {"summary": "It is done.", "files": []}
PLAN = {"title": "t", "tasks": [{"name": "a", "title": "A", "instructions": "do a"}]}


class Talked:
    """One conversation, to its end; in it a tool is used that the model `wants`."""

    def __init__(
        self, tmp_path: Path, teller: Teller, told: str = "do it", wants: str = "", **more: Any
    ) -> None:
        workspace = repository(tmp_path / "workspace")
        self.job = Job(
            spec=spec(workspace=str(workspace), **more),
            cell=unconfined(workspace),
            directory=tmp_path,
            environment={},
            head=head(workspace),
        )
        self.heard = Heard()
        self.permissions = Permissions([], str(workspace))
        self.questions = Questions([], self.permissions)
        if wants:
            self.permissions.decide(wants, {})
        self.verdict = asyncio.run(self._talk(teller, told))

    async def _talk(self, teller: Teller, told: str) -> Verdict:
        talk = Talk(self.job, self.heard, teller, ClaudeAgentOptions(), self.questions)
        try:
            async with asyncio.timeout(180):
                return await talk.through(told)
        finally:
            await teller.kill()
            await talk.end()

    def every(self, kind: type[Any]) -> list[Any]:
        return [one for one in self.heard.told if isinstance(one, kind)]


def test_an_end_without_a_word_is_a_failure(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller())

    assert talked.verdict.reason == "Claude Code failed: it ended without a result"


def test_a_plan_that_fits_into_no_report_is_a_failure(tmp_path: Path) -> None:
    task = {"name": "a", "title": "A", "instructions": "x" * 3_000_000}
    teller = Teller([ended({"title": "t", "tasks": [task]})])
    talked = Talked(tmp_path, teller, kind=TaskKind.PLANNING)

    assert talked.verdict.reason == "Claude Code failed: its plan has 2 MiB"


@pytest.mark.parametrize("output", [None, {"summary": " ", "files": []}, {"files": []}])
def test_a_success_without_a_result_is_a_failure(tmp_path: Path, output: Any) -> None:
    talked = Talked(tmp_path, Teller([ended(output)]))

    assert talked.verdict.outcome is Outcome.FAILED
    assert talked.verdict.reason == "Claude Code failed: it ended without a result"


def test_a_success_without_a_plan_is_a_failure(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller([ended(DONE)]), kind=TaskKind.PLANNING)

    assert talked.verdict.reason == "Claude Code failed: it ended without a plan"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"result": "prompt is too long"}, "prompt is too long"),
        ({"errors": ["one", "two"]}, "one; two"),
        ({"subtype": "error_during_execution"}, "error_during_execution"),
    ],
)
def test_an_error_is_told_in_the_cli_s_words(
    tmp_path: Path, more: dict[str, Any], why: str
) -> None:
    talked = Talked(tmp_path, Teller([ended(DONE, is_error=True, **more)]))

    assert talked.verdict.reason == f"Claude Code failed: {why}"


def test_a_result_is_a_success_and_its_summary_is_told(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller([ended(DONE)]))

    assert talked.verdict.outcome is Outcome.SUCCEEDED
    assert talked.every(pr.Concluded) == [pr.Concluded(at="", text="It is done.")]


def said(text: str, **more: Any) -> dict[str, Any]:
    """Return the line with which a model says something."""
    content = [{"type": "text", "text": text}]
    return {"type": "assistant", "message": {"model": "m", "content": content}, **more}


def test_a_session_is_told_once_a_model_has_answered(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller([said("I see"), ended(DONE)]))

    kinds = [type(one) for one in talked.heard.told if not isinstance(one, pr.Concluded)]
    assert kinds == [pr.Served, pr.Said, pr.Told]


def test_a_session_that_no_model_answers_is_told_nothing(tmp_path: Path) -> None:
    error = said("API error", error="server_error")
    talked = Talked(tmp_path, Teller([error, ended(is_error=True)]))

    assert talked.verdict.outcome is Outcome.FAILED
    assert talked.every(pr.Told) == []
    assert talked.every(pr.Served) == []


def test_what_an_earlier_run_asked_is_no_answer_of_a_model(tmp_path: Path) -> None:
    replayed = [line for line in lines("answered") if line["type"] == "user"][:1]
    talked = Talked(tmp_path, Teller([*replayed, ended(is_error=True)]))

    assert [one.tool for one in talked.every(pr.Used)] == [""]
    assert talked.every(pr.Served) == []


def test_a_plan_is_proposed(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller([ended(PLAN)]), kind=TaskKind.PLANNING)

    assert talked.verdict.outcome is Outcome.SUCCEEDED
    assert [one.title for one in talked.every(pr.Proposed)] == ["t"]


def test_a_deferred_call_asks_all_that_was_asked_in_the_turn(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller(lines("two_questions")))

    assert talked.verdict.outcome is Outcome.ASKED
    assert [one.text for one in talked.every(pr.Asked)] == [
        "Which fruit?",
        "Which sizes?",
        "What name?",
    ]


def test_a_call_that_is_deferred_again_on_a_resume_asks_what_it_asked(tmp_path: Path) -> None:
    call = {"id": "a", "name": "AskUserQuestion", "input": {"questions": [{"question": "Which?"}]}}
    again = ended(stop_reason="tool_deferred", deferred_tool_use=call)
    talked = Talked(tmp_path, Teller([again], unasked=True), "")

    assert [one.text for one in talked.every(pr.Asked)] == ["Which?"]


def test_a_question_that_a_permission_cut_off_is_asked_with_it(tmp_path: Path) -> None:
    aborted = ended(is_error=True, subtype="error_during_execution")
    talked = Talked(tmp_path, Teller([asks("a"), stopped("a"), aborted]), wants="WebFetch")

    kinds = [(one.kind, one.key) for one in talked.every(pr.Asked)]
    assert kinds == [(Kind.AGENT, "a"), (Kind.PERMISSION, "WebFetch\n")]


def test_a_deferral_of_nothing_is_a_failure(tmp_path: Path) -> None:
    talked = Talked(tmp_path, Teller([ended(stop_reason="tool_deferred")]))

    assert talked.verdict.outcome is Outcome.FAILED


def test_what_needs_a_permission_is_asked_for(tmp_path: Path) -> None:
    aborted = ended(is_error=True, subtype="error_during_execution")
    talked = Talked(tmp_path, Teller([aborted]), wants="WebFetch")

    assert talked.verdict.outcome is Outcome.ASKED
    assert [one.kind for one in talked.every(pr.Asked)] == [Kind.PERMISSION]


@pytest.mark.parametrize(
    ("subtype", "said"),
    [
        ("error_max_turns", "The model has taken 7 turns, the limit of one run. Raise"),
        ("error_max_budget_usd", "The plan has cost $3.25, and may cost $3.00. Raise"),
    ],
)
def test_a_limit_is_a_question(tmp_path: Path, subtype: str, said: str) -> None:
    over = ended(is_error=True, subtype=subtype, total_cost_usd=1.5)
    budget = Budget(scope="plan", limit=3.0, used=2.0)
    talked = Talked(tmp_path, Teller([over]), means=Means(turns=7, spent=0.25, budget=budget))

    assert talked.verdict.outcome is Outcome.ASKED
    (asked,) = talked.every(pr.Asked)
    assert asked.kind is Kind.BUDGET
    assert asked.text.startswith(said)


def test_whom_the_provider_does_not_know_is_ended_at_once(tmp_path: Path) -> None:
    said = {"type": "system", "subtype": "api_retry", "error": "authentication_failed"}
    teller = Teller([said | {"session_id": "s", "uuid": "u"}])
    talked = Talked(tmp_path, teller)

    assert (teller.is_over, talked.verdict.outcome) == (False, Outcome.LIMITED)
    assert [one.kind for one in talked.every(pr.Limited)] == ["login"]


def test_a_refusal_is_known_by_what_the_provider_calls_it(tmp_path: Path) -> None:
    over = ended(is_error=True, api_error_status=403, api_error_type="permission_error")
    talked = Talked(tmp_path, Teller([over]))

    assert [one.kind for one in talked.every(pr.Limited)] == ["login"]


def test_a_limit_that_ended_a_turn_leaves_the_cli_time_to_write_down_its_cost(
    tmp_path: Path,
) -> None:
    teller = Teller(lines("rate_limit"))
    talked = Talked(tmp_path, teller)

    assert (teller.is_over, talked.verdict.outcome) == (True, Outcome.LIMITED)
    assert [one.kind for one in talked.every(pr.Limited)] == ["rate"]


def test_findings_are_sent_back_so_often_and_then_asked_about(tmp_path: Path) -> None:
    claims = {"summary": "Wrote it.", "files": ["missing"]}
    teller = Teller([ended(claims)], [ended(claims)], [ended(claims)])
    talked = Talked(tmp_path, teller, means=Means(rounds=2))

    assert len(teller.said) == 3
    assert "missing is said to be changed, and is not there" in teller.said[2]
    assert len(talked.every(pr.Found)) == 3
    assert talked.verdict.outcome is Outcome.ASKED
    assert [one.kind for one in talked.every(pr.Asked)] == [Kind.FINDINGS]

"""A question gets its answer by both ways, and only the call that a person answered."""

import asyncio
from typing import Any

from claude_agent_sdk import (
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
    ToolUseBlock,
)

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import ALLOW_TASK, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude.asked import TOOL
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.claude.questions import Questions
from tests.unit.services.agents.parts import answered

ASKED: dict[str, Any] = {"questions": [{"question": "Which?"}, {"question": "How many?"}]}


def questions(*answers: tuple[str, str], key: str = "call") -> Questions:
    known = [Answered(question=text, answer=answer, key=key) for text, answer in answers]
    return Questions(known, Permissions([], "/srv/project"))


def gate(found: Questions, call: str = "call") -> dict[str, Any]:
    (matcher,) = found.hooks()["PreToolUse"]
    assert matcher.matcher == TOOL
    (hook,) = matcher.hooks
    said: Any = asyncio.run(hook({"tool_input": ASKED}, call, None))  # type: ignore[arg-type]
    decision: dict[str, Any] = said["hookSpecificOutput"]
    return decision


def permit(found: Questions, call: str = "call") -> PermissionResultAllow | PermissionResultDeny:
    context = ToolPermissionContext(tool_use_id=call)
    return asyncio.run(found.permit(TOOL, ASKED, context))


def test_a_call_with_an_unanswered_question_is_deferred() -> None:
    assert gate(questions())["permissionDecision"] == "defer"
    assert gate(questions(("Which?", "a")))["permissionDecision"] == "defer"


def test_a_call_is_answered_by_the_hook_once_all_of_its_questions_are() -> None:
    decision = gate(questions(("Which?", "a"), ("How many?", "2")))

    assert decision["permissionDecision"] == "allow"
    assert decision["updatedInput"] == {**ASKED, "answers": {"Which?": "a", "How many?": "2"}}


def test_a_call_that_came_past_the_hook_gets_the_same_answer() -> None:
    allowed = permit(questions(("Which?", "a"), ("How many?", "2")))

    assert isinstance(allowed, PermissionResultAllow)
    assert allowed.updated_input == {**ASKED, "answers": {"Which?": "a", "How many?": "2"}}


def test_another_call_with_the_same_words_is_another_question() -> None:
    found = questions(("Which?", "a"), ("How many?", "2"))

    assert gate(found, "later")["permissionDecision"] == "defer"
    assert isinstance(permit(found, "later"), PermissionResultDeny)


def test_what_was_asked_by_no_call_answers_none() -> None:
    found = questions(("Which?", "a"), ("How many?", "2"), key="")

    assert gate(found, "")["permissionDecision"] == "defer"
    assert isinstance(permit(found, ""), PermissionResultDeny)
    assert not found.knows([Asked(at="", text="Which?", key="call")])


def test_an_unanswered_call_past_the_hook_ends_the_turn_and_is_remembered() -> None:
    found = questions()

    refused = permit(found)

    assert isinstance(refused, PermissionResultDeny)
    assert refused.interrupt
    assert [one.text for one in found.unanswered] == ["Which?", "How many?"]
    assert {one.key for one in found.unanswered} == {"call"}


def test_a_permission_answers_no_question() -> None:
    known = [
        Answered(question=text, answer="a", kind=Kind.PERMISSION, key="call")
        for text in ("Which?", "How many?")
    ]
    found = Questions(known, Permissions([], "/srv/project"))

    assert gate(found)["permissionDecision"] == "defer"


def test_what_was_called_beside_what_ended_the_turn_is_asked_about_too() -> None:
    found = questions()
    uses = [
        ToolUseBlock("a", "Write", {"file_path": "/srv/project/.envrc"}),
        ToolUseBlock("b", "TodoWrite", {}),
        ToolUseBlock("c", "Write", {"file_path": "/srv/project/plain"}),
        ToolUseBlock("d", "WebFetch", {"url": "http://127.0.0.1/"}),
        ToolUseBlock("e", "Write", {"file_path": "/srv/project/.mcp.json"}),
    ]
    first = ToolPermissionContext(tool_use_id="a")
    asyncio.run(found.permit("Write", uses[0].input, first))

    asyncio.run(found.look_at(uses))

    assert [one.key for one in found.wanted] == [
        "Write\n/srv/project/.envrc",
        "Write\n/srv/project/.mcp.json",
    ]
    assert found.refused == {"a", "e"}


def test_what_is_near_cannot_be_fetched_whatever_a_person_allowed() -> None:
    asks, urls = Permissions([], "/srv/project"), ("http://127.0.0.1:3502/", "http://192.0.43.7/")
    allowed = [answered(asks.ask("WebFetch", {"url": url}), ALLOW_TASK) for url in urls]
    found = Questions([], Permissions(allowed, "/srv/project"))

    def fetch(url: str) -> PermissionResultAllow | PermissionResultDeny:
        return asyncio.run(found.permit("WebFetch", {"url": url}, ToolPermissionContext()))

    assert isinstance(fetch("http://127.0.0.1:3502/"), PermissionResultDeny)
    assert isinstance(fetch("http://192.0.43.7/"), PermissionResultAllow)
    assert found.wanted == []

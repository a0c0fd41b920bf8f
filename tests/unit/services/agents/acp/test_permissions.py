"""What may be done is decided by what is said already, or by a person."""

from typing import Any

import pytest

from pmrunnerd.model.progress import Answered, Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, Kind
from pmrunnerd.services.agents.acp.permissions import Permissions

LS = {"kind": "execute", "rawInput": {"command": "ls"}}
ONCE = {"optionId": "1", "kind": "allow_once"}
ALWAYS = {"optionId": "2", "kind": "allow_always"}
REJECT = {"optionId": "3", "kind": "reject_once"}


def decide(
    call: dict[str, Any], *options: dict[str, str], answer: str = "", asked: str = ""
) -> str | Asked:
    question = asked or "May it use execute on ls?"
    known = Answered(question=question, answer=answer, kind=Kind.PERMISSION, run="r1")
    permissions = Permissions([known] if answer else [], "/srv/project", "r1")
    return permissions.decide(call, options or (REJECT, ALWAYS, ONCE))


def at(*paths: str, kind: str = "edit") -> dict[str, Any]:
    return {"kind": kind, "locations": [{"path": path} for path in paths]}


def test_a_command_is_asked_about() -> None:
    asked = decide(LS)

    assert isinstance(asked, Asked)
    assert (asked.text, asked.kind) == ("May it use execute on ls?", Kind.PERMISSION)


@pytest.mark.parametrize(
    "call",
    [
        at("/srv/project/a", "/etc/passwd"),
        at("/srv/project/.git/hooks/post-commit"),
        at("/srv/project/.mcp.json"),
        at(),
        {"kind": "edit"},
        at("/srv/project/a", kind="fetch"),
        at("/srv/project/a", kind="switch_mode"),
    ],
)
def test_what_could_do_more_than_change_a_file_of_the_workspace_is_asked_about(
    call: dict[str, Any],
) -> None:
    assert isinstance(decide(call), Asked)


@pytest.mark.parametrize(
    "call", [at("/srv/project/a"), at("/srv/project/a", kind="delete"), at("/etc", kind="read")]
)
def test_files_of_the_workspace_are_changed_and_all_are_read_without_a_question(
    call: dict[str, Any],
) -> None:
    assert decide(call) == "1"


@pytest.mark.parametrize("answer", [ALLOW_ONCE, ALLOW_TASK])
def test_what_a_person_allowed_is_allowed_once_by_the_protocol(answer: str) -> None:
    assert decide(LS, answer=answer) == "1"
    assert decide(LS, ALWAYS, answer=answer) == "2"


def test_what_offers_no_way_to_allow_it_is_asked_about() -> None:
    assert isinstance(decide(LS, REJECT, answer=ALLOW_TASK), Asked)


def test_a_tool_without_a_kind_is_not_allowed_by_what_another_one_is() -> None:
    call = {"kind": "other", "title": "execute on ls"}

    assert isinstance(decide(call, answer=ALLOW_TASK), Asked)
    named = "May it use execute-on-ls on execute on ls?"
    assert decide(call, answer=ALLOW_TASK, asked=named) == "1"

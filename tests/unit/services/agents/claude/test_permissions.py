"""What tools may do, by the decisions of a person."""

from pathlib import Path

import pytest
from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model.progress import Answered
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, Kind
from pmrunnerd.services.agents.claude.permissions import Permissions
from pmrunnerd.services.agents.decisions import ask

FETCH = {"url": "https://example.org/a"}


def permissions(*answers: Answered, last: str = "r1") -> Permissions:
    return Permissions(answers, "/srv/project", last)


def decided(answer: str, run: str = "r1") -> Answered:
    question = ask("WebFetch", FETCH)
    return Answered(question=question, answer=answer, kind=Kind.PERMISSION, run=run)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "relative",
        "",
        "/srv/project",
        "/srv/projects/x",
        "/srv/project/../other/x",
        "/srv/project/a/../../other",
        "/srv/project/.git/hooks/post-commit",
    ],
)
def test_nobody_is_asked_about_what_cannot_be_written(path: str) -> None:
    found = permissions()

    assert isinstance(found.decide("Write", {"file_path": path}), PermissionResultDeny)
    assert found.wanted == []


@pytest.mark.parametrize("path", ["/srv/project/a", "/srv/project/src/.gitignore"])
def test_a_file_of_the_workspace_can_be_written(path: str) -> None:
    assert isinstance(permissions().decide("Edit", {"file_path": path}), PermissionResultAllow)


@pytest.mark.parametrize("path", [".mcp.json", ".claude/settings.json", "sub/.git/config"])
def test_what_a_person_s_own_programs_execute_is_asked_for(path: str) -> None:
    found = permissions()

    given = {"file_path": f"/srv/project/{path}"}
    assert isinstance(found.decide("Write", given), PermissionResultDeny)
    assert [one.text for one in found.wanted] == [f"May it use Write on /srv/project/{path}?"]


def test_a_link_is_where_it_leads_and_what_it_is_called(tmp_path: Path) -> None:
    here = tmp_path / "workspace"
    (here / ".git/hooks").mkdir(parents=True)
    (here / ".claude").mkdir()
    (here / "away").symlink_to(tmp_path)
    (here / "history").symlink_to(".git")
    (here / "own").symlink_to(".claude")
    found = Permissions([], str(here), "r1")

    for path in ("away/x", "history/hooks/x"):
        assert isinstance(
            found.decide("Write", {"file_path": f"{here}/{path}"}), PermissionResultDeny
        )
    assert found.wanted == []
    found.decide("Write", {"file_path": f"{here}/own/settings.json"})
    assert [one.text for one in found.wanted] == [
        f"May it use Write on {here}/.claude/settings.json?"
    ]


def test_nobody_can_allow_a_command_a_way_out_of_its_network() -> None:
    question = "May it use SandboxNetworkAccess?"
    allowed = Answered(question=question, answer=ALLOW_TASK, kind=Kind.PERMISSION, run="r1")
    found = permissions(allowed)

    refused = found.decide("SandboxNetworkAccess", {"host": "example.org"})

    assert isinstance(refused, PermissionResultDeny)
    assert not refused.interrupt
    assert found.wanted == []


def test_a_tool_without_a_rule_ends_the_turn_and_is_asked_for() -> None:
    found = permissions()

    refused = found.decide("WebFetch", FETCH)

    assert isinstance(refused, PermissionResultDeny)
    assert refused.interrupt
    assert [(one.text, one.kind) for one in found.wanted] == [
        ("May it use WebFetch on https://example.org/a?", Kind.PERMISSION)
    ]


def test_what_is_allowed_once_is_allowed_once_and_for_the_very_use() -> None:
    found = permissions(decided(ALLOW_ONCE))

    other = {"url": "https://example.org/b"}
    assert isinstance(found.decide("WebFetch", other), PermissionResultDeny)
    assert isinstance(found.decide("WebFetch", FETCH), PermissionResultAllow)
    assert isinstance(found.decide("WebFetch", FETCH), PermissionResultDeny)


def test_an_answer_to_an_agent_s_own_question_allows_nothing() -> None:
    forged = Answered(question=ask("WebFetch", FETCH), answer=ALLOW_TASK, run="r1")

    assert isinstance(permissions(forged).decide("WebFetch", FETCH), PermissionResultDeny)

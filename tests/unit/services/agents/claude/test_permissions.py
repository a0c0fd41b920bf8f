"""What tools may do, by the decisions of a person."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.claude.permissions import Permissions
from tests.unit.services.agents.parts import answered

FETCH = {"url": "https://example.org/a"}


def permissions(*answers: Answered) -> Permissions:
    return Permissions(answers, "/srv/project")


def decided(
    answer: str,
    *,
    news: bool = True,
    tool: str = "WebFetch",
    given: Mapping[str, str] = FETCH,
) -> Answered:
    found = permissions()
    found.decide(tool, given)
    (one,) = found.wanted
    return answered(one, answer, news=news)


def asked(tool: str, given: Mapping[str, str]) -> str:
    return decided("", tool=tool, given=given).question.partition("\n")[0]


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
        "/srv/project/.GIT/hooks/post-commit",
        "/srv/project//.git/config",
        "/srv/project/a\0b",
    ],
)
def test_nobody_is_asked_about_what_cannot_be_written(path: str) -> None:
    found = permissions()

    assert isinstance(found.decide("Write", {"file_path": path}), PermissionResultDeny)
    assert found.wanted == []


@pytest.mark.parametrize("path", ["/srv/project/a", "/srv/project/src/.gitignore"])
def test_a_file_of_the_workspace_can_be_written(path: str) -> None:
    assert isinstance(permissions().decide("Edit", {"file_path": path}), PermissionResultAllow)


@pytest.mark.parametrize(
    "path",
    [
        *(".mcp.json", ".claude/settings.json", "sub/.git/config", "sub/.Git/config"),
        *(".envrc", ".husky/pre-commit", ".devcontainer/x", ".cursor/mcp.json", "a/.VSCode/x"),
    ],
)
def test_what_a_person_s_own_programs_execute_is_asked_for(path: str) -> None:
    found = permissions()

    given = {"file_path": f"/srv/project/{path}"}
    assert isinstance(found.decide("Write", given), PermissionResultDeny)
    assert asked("Write", given) == f"May it use Write on /srv/project/{path}?"


@pytest.mark.parametrize(
    ("tool", "given"),
    [("Write", {"content": "a: 1"}), ("Edit", {"old_string": "b: 2", "new_string": "a: 1"})],
)
def test_who_decides_sees_what_would_be_written(tool: str, given: dict[str, str]) -> None:
    found = permissions()
    found.decide(tool, {"file_path": "/srv/project/.envrc", **given})

    (one,) = found.wanted
    assert one.text.splitlines()[1:3] == ["It would write:", "  | a: 1"]


def test_the_same_use_is_asked_about_once() -> None:
    found = permissions()
    for content in "ab":
        found.decide("Write", {"file_path": "/srv/project/.envrc", "content": content})

    assert len(found.wanted) == 1


def test_a_link_is_where_it_leads_and_what_it_is_called(tmp_path: Path) -> None:
    here = tmp_path / "workspace"
    (here / ".git/hooks").mkdir(parents=True)
    (here / ".claude").mkdir()
    (here / "away").symlink_to(tmp_path)
    (here / "history").symlink_to(".git")
    (here / "own").symlink_to(".claude")
    found = Permissions([], str(here))

    for path in ("away/x", "history/hooks/x"):
        assert isinstance(
            found.decide("Write", {"file_path": f"{here}/{path}"}), PermissionResultDeny
        )
    assert found.wanted == []
    found.decide("Write", {"file_path": f"{here}/own/settings.json"})
    assert [one.text for one in found.wanted] == [
        (
            f"May it use Write on {here}/own/settings.json, which is {here}/.claude/settings.json?\n"
            "It would write nothing, or does not say what.\n"
            '"allow once" is for the next use of Write on just that, whatever it writes then.\n'
            '"allow for this task" is for any use of Write on .claude.'
        )
    ]


def test_nobody_can_allow_a_command_a_way_out_of_its_network() -> None:
    given = {"host": "example.org"}
    found = permissions(answered(permissions().ask("SandboxNetworkAccess", given), ALLOW_TASK))

    refused = found.decide("SandboxNetworkAccess", given)

    assert isinstance(refused, PermissionResultDeny)
    assert not refused.interrupt
    assert found.wanted == []


@pytest.mark.parametrize("path", ["/usr/include/stdio.h", "/etc/hostname", "/srv/project/a"])
def test_what_any_command_can_read_can_be_read(path: str) -> None:
    assert isinstance(permissions().decide("Read", {"file_path": path}), PermissionResultAllow)
    assert isinstance(permissions().decide("Grep", {"path": path}), PermissionResultAllow)


@pytest.mark.parametrize(
    "path", ["/proc/self/fd/9", "/run/pm-agent/session/x", "/usr/../proc/1/environ", "", "x"]
)
def test_nobody_is_asked_about_what_nobody_may_read(path: str) -> None:
    found = permissions()

    assert isinstance(found.decide("Read", {"file_path": path}), PermissionResultDeny)
    assert found.wanted == []


def test_a_tool_without_a_rule_ends_the_turn_and_is_asked_for() -> None:
    found = permissions()

    refused = found.decide("WebFetch", FETCH)

    assert isinstance(refused, PermissionResultDeny)
    assert refused.interrupt
    assert [(one.text, one.kind) for one in found.wanted] == [
        (
            (
                "May it use WebFetch on https://example.org/a?\n"
                '"allow once" is for the next use of WebFetch on just that.\n'
                '"allow for this task" is for any use of WebFetch on example.org.'
            ),
            Kind.PERMISSION,
        )
    ]


def test_what_is_allowed_once_is_allowed_once_and_for_the_very_use() -> None:
    found = permissions(decided(ALLOW_ONCE))

    other = {"url": "https://example.org/b"}
    assert isinstance(found.decide("WebFetch", other), PermissionResultDeny)
    assert isinstance(found.decide("WebFetch", FETCH), PermissionResultAllow)
    assert isinstance(found.decide("WebFetch", FETCH), PermissionResultDeny)


@pytest.mark.parametrize("beginning", ["https://example.org/" + "x" * 5000, "https://example.org/"])
@pytest.mark.parametrize("ends", [("a", "b"), ("\u202e", "\u202d"), ("", "\n")])
def test_two_uses_that_look_alike_are_two_uses(beginning: str, ends: tuple[str, str]) -> None:
    one, other = ({"url": beginning + end} for end in ends)
    found = permissions(decided(ALLOW_ONCE, given=one))

    assert len(asked("WebFetch", one)) < 500
    assert isinstance(found.decide("WebFetch", other), PermissionResultDeny)
    assert isinstance(found.decide("WebFetch", one), PermissionResultAllow)


def test_nothing_beside_it_hides_what_a_tool_is_used_on() -> None:
    given = {"path": "a harmless file", "file_path": "another", **FETCH}

    assert asked("WebFetch", given) == "May it use WebFetch on https://example.org/a?"


def test_a_tool_that_nobody_knows_is_asked_for_with_all_that_it_is_given() -> None:
    one, other = ({"query": "a", "path": end} for end in "bc")

    assert asked("Other", one) == 'May it use Other on {"path": "b", "query": "a"}?'
    found = permissions(decided(ALLOW_ONCE, tool="Other", given=one))
    assert isinstance(found.decide("Other", other), PermissionResultDeny)


def test_what_is_allowed_for_the_task_is_allowed_to_all_later_runs_of_it() -> None:
    found = permissions(decided(ALLOW_TASK, news=False))

    other = {"url": "https://example.org/b"}
    assert isinstance(found.decide("WebFetch", other), PermissionResultAllow)
    assert isinstance(found.decide("WebSearch", {}), PermissionResultDeny)


@pytest.mark.parametrize("url", ["https://example.com/a", "https://example.org.evil/", "x:"])
def test_what_is_allowed_on_one_host_is_not_on_another(url: str) -> None:
    found = permissions(decided(ALLOW_TASK))

    assert isinstance(found.decide("WebFetch", {"url": url}), PermissionResultDeny)


def test_what_is_allowed_for_one_directory_is_for_no_other_and_no_other_tool() -> None:
    settings = {"file_path": "/srv/project/.vscode/settings.json"}
    found = permissions(decided(ALLOW_TASK, tool="Write", given=settings))

    for path in (".mcp.json", ".claude/settings.json", "sub/.vscode/tasks.json"):
        refused = found.decide("Write", {"file_path": f"/srv/project/{path}"})
        assert isinstance(refused, PermissionResultDeny), path
    assert isinstance(found.decide("Edit", settings), PermissionResultDeny)
    tasks = {"file_path": "/srv/project/.vscode/tasks.json"}
    assert isinstance(found.decide("Write", tasks), PermissionResultAllow)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ALLOW_ONCE, "It is allowed; do it again now."),
        (ALLOW_TASK, "It is allowed; do it again now."),
        (DENY, "It is not allowed. Go on without it."),
        ("we are offline", "It is not allowed. The reason: we are offline. Go on without it."),
    ],
)
def test_the_session_is_told_what_was_decided(answer: str, told: str) -> None:
    news = permissions(decided(answer)).news()

    assert news == f"A person was asked: May it use WebFetch on https://example.org/a? {told}"

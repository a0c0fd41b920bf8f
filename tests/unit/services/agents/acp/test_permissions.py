"""What may be done is decided by what is said already, or by a person."""

from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, Kind
from pmrunnerd.model.spec import Answered
from pmrunnerd.services.agents.acp.permissions import Permissions
from tests.unit.services.agents.parts import answered

LS = {"kind": "execute", "rawInput": {"command": "ls"}}
ONCE = {"optionId": "1", "kind": "allow_once"}
ALWAYS = {"optionId": "2", "kind": "allow_always"}
REJECT = {"optionId": "3", "kind": "reject_once"}


def permissions(*known: Answered) -> Permissions:
    return Permissions(known, "/srv/project")


def decide(call: dict[str, Any], *options: dict[str, str], answer: str = "") -> str | Asked:
    """Decide on a call, of which this very use was answered before."""
    known = [decided(call, answer)] if answer else []
    return permissions(*known).decide(call, options or (REJECT, ALWAYS, ONCE))


def decided(call: dict[str, Any], answer: str, *, news: bool = True) -> Answered:
    return answered(permissions().ask(call), answer, news=news)


def words(call: dict[str, Any]) -> list[str]:
    """Return the lines of the question about a call."""
    return permissions().ask(call).text.splitlines()


def at(*paths: str, kind: str = "edit") -> dict[str, Any]:
    return {"kind": kind, "locations": [{"path": path} for path in paths]}


def test_a_command_is_asked_about() -> None:
    asked = decide(LS)

    assert isinstance(asked, Asked)
    assert asked.kind is Kind.PERMISSION
    assert asked.text.splitlines() == [
        "May it use execute on ls?",
        '"allow once" is for the next use of execute on just that.',
        '"allow for this task" is for any use of execute.',
    ]


@pytest.mark.parametrize(
    "call",
    [
        at("/srv/project/a", "/etc/passwd"),
        at("/srv/project/.git/hooks/post-commit"),
        *(at("/srv/project/.mcp.json"), at("/srv/project/.VSCode/tasks.json")),
        *(at("/srv/project/a\0b"), at("/srv/project/.envrc", kind="move")),
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
def test_what_offers_no_way_to_allow_it_once_is_asked_about(answer: str) -> None:
    assert isinstance(decide(LS, REJECT, answer=answer), Asked)
    assert isinstance(decide(LS, ALWAYS, REJECT, answer=answer), Asked)
    assert isinstance(decide(at("/srv/project/a"), ALWAYS), Asked)


@pytest.mark.parametrize("answer", [ALLOW_ONCE, ALLOW_TASK])
def test_what_a_person_allowed_is_allowed_once_by_the_protocol(answer: str) -> None:
    assert decide(LS, answer=answer) == "1"


def test_a_tool_without_a_kind_is_not_allowed_by_what_another_one_is() -> None:
    call = {"kind": "other", "title": "execute on ls"}

    found = permissions(decided(LS, ALLOW_TASK))
    assert isinstance(found.decide(call, (ONCE,)), Asked)
    assert words(call)[0] == "May it use execute-on-ls on execute on ls?"


def test_nothing_beside_it_hides_what_a_tool_is_used_on() -> None:
    call = {"kind": "execute", "title": "ls", "rawInput": {"file_path": "a", "command": "rm a"}}

    assert words(call)[0] == 'May it use execute on {"command": "rm a", "file_path": "a"}?'


@pytest.mark.parametrize("ends", [("a", "b"), ("", "\n")])
def test_two_uses_that_look_alike_are_two_uses(ends: tuple[str, str]) -> None:
    one, other = (
        {"kind": "execute", "rawInput": {"command": "ls " + "x" * 5000 + end}} for end in ends
    )
    found = permissions(decided(one, ALLOW_ONCE))

    assert isinstance(found.decide(other, (ONCE,)), Asked)
    assert found.decide(one, (ONCE,)) == "1"


def test_what_was_allowed_once_and_is_no_news_is_used_up() -> None:
    found = permissions(decided(LS, ALLOW_ONCE, news=False))

    assert isinstance(found.decide(LS, (ONCE,)), Asked)


def test_what_is_allowed_on_one_host_is_not_on_another() -> None:
    one, same, other = (
        {"kind": "fetch", "rawInput": {"url": url}}
        for url in ("https://example.org/a", "https://example.org/b", "https://example.org.evil/a")
    )
    found = permissions(decided(one, ALLOW_TASK))

    assert words(one)[-1].endswith("is for any use of fetch on example.org.")
    assert found.decide(same, (ONCE,)) == "1"
    assert isinstance(found.decide(other, (ONCE,)), Asked)


def test_what_is_allowed_for_one_directory_is_for_no_other_and_no_other_tool() -> None:
    found = permissions(decided(at("/srv/project/.vscode/settings.json"), ALLOW_TASK))

    assert found.decide(at("/srv/project/.vscode/tasks.json"), (ONCE,)) == "1"
    for path in ("/srv/project/.mcp.json", "/srv/project/a/.vscode/x", "/etc/passwd"):
        assert isinstance(found.decide(at(path), (ONCE,)), Asked), path
    moves = at("/srv/project/.vscode/settings.json", kind="move")
    assert isinstance(found.decide(moves, (ONCE,)), Asked)


def test_who_decides_sees_what_would_be_written() -> None:
    diffs = [
        {"type": "diff", "path": "/srv/project/.envrc", "oldText": "b", "newText": text}
        for text in ("a: 1", "c: 2")
    ]

    lines = words({"kind": "edit", "content": diffs})

    assert lines[1:4] == ["It would write:", "  | a: 1", "  | c: 2"]
    assert lines[4].endswith("on just that, whatever it writes then.")
    deletes = words({"kind": "delete", "locations": diffs})
    assert deletes[1].endswith("on just that.")


def test_a_link_is_asked_about_by_both_its_names(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / "own").symlink_to(".claude")
    found = Permissions([], str(tmp_path))

    use, *_, scope = found.ask(at(f"{tmp_path}/own/x")).text.splitlines()
    assert use == f"May it use edit on {tmp_path}/own/x, which is {tmp_path}/.claude/x?"
    assert scope.endswith("is for any use of edit on .claude.")


def test_a_session_that_is_begun_anew_is_told_what_is_no_news() -> None:
    found = permissions(decided(LS, DENY, news=False))

    assert found.news() == ""
    assert found.news(anew=True).endswith("It is not allowed. Go on without it.")

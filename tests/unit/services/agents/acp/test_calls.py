"""What a call of a tool says of itself."""

from typing import Any

from pmrunnerd.model.progress import Changed, Used
from pmrunnerd.services.agents.acp import calls

DIFF = {"type": "diff", "path": "/w/a", "oldText": "1\n2\n3\n", "newText": "1\n3\n4\n5\n"}


def test_a_call_that_says_nothing_is_a_tool_all_the_same() -> None:
    assert calls.tool({}) == "tool"
    assert calls.subject({}) == ""
    assert calls.paths({"locations": "x", "content": [5, {"type": "diff"}]}) == ()
    assert calls.used({"content": None, "rawOutput": 5}) == Used(at="", tool="tool")


def test_a_tool_is_its_kind_and_one_without_is_its_title_as_one_word() -> None:
    assert calls.tool({"kind": "execute", "title": "ls"}) == "execute"
    assert calls.tool({"kind": "other", "title": "Deploy on it"}) == "Deploy-on-it"


def test_a_tool_is_used_on_what_its_input_names_or_a_file_or_as_it_is_titled() -> None:
    place = [{"path": "/w/a", "line": 3}]
    call: dict[str, Any] = {"title": "Read a", "locations": place, "rawInput": {"command": "ls"}}

    assert calls.subject(call) == "ls"
    assert calls.subject({**call, "rawInput": None}) == "/w/a"
    assert calls.subject({"title": "Read a"}) == "Read a"


def test_files_are_named_once_wherever_they_are_named() -> None:
    call = {"locations": [{"path": "/w/a"}, {"path": "/w/b"}], "content": [DIFF]}

    assert calls.paths(call) == ("/w/a", "/w/b")


def test_a_call_that_ended_is_told_with_what_it_gave() -> None:
    text = {"type": "content", "content": {"type": "text", "text": "x" * 500}}
    found = calls.used({"kind": "execute", "content": [text], "status": "failed"})

    assert found.failed
    assert found.result == "x" * 399 + "…"
    assert calls.used({"rawOutput": "5"}).result == "5"


def test_a_changed_file_is_told_with_its_lines() -> None:
    done = {"status": "completed", "content": [DIFF]}

    assert list(calls.changed(done)) == [Changed(at="", path="/w/a", added=2, removed=1)]


def test_what_a_failed_call_would_have_changed_is_not_told() -> None:
    assert list(calls.changed({"status": "failed", "content": [DIFF]})) == []


def test_of_a_very_long_file_all_lines_are_told() -> None:
    many = {**DIFF, "oldText": "x\n" * 3000, "newText": "x\n" * 3000}

    (found,) = calls.changed({"status": "completed", "content": [many]})
    assert (found.added, found.removed) == (3000, 3000)

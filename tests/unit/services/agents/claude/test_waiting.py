"""A transcript says which questions wait, which of them is asked again, and what was cut off."""

import json
from typing import Any

import pytest

from pmrunnerd.services.agents.claude import waiting
from pmrunnerd.services.agents.claude.waiting import REACH, Use, Waiting


def read(*entries: Any, rest: str = "") -> Waiting:
    """Read a transcript, written as the CLI does it; `rest` is a line that is not whole."""
    lines = (json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
    return waiting.read(("".join(lines) + rest).encode())


def call(
    name: str, question: str = "Which?", tool: str = "AskUserQuestion", turn: str = "m1"
) -> dict[str, Any]:
    given = {"questions": [{"question": question}]}
    block = {"type": "tool_use", "id": name, "name": tool, "input": given}
    return {"type": "assistant", "message": {"id": turn, "content": [block]}}


def answered(name: str) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": name, "content": "a"}
    return {"type": "user", "message": {"content": [block]}}


def refused(name: str, kind: str = "user-rejected") -> dict[str, Any]:
    entry = answered(name)
    entry["message"]["content"][0]["is_error"] = True
    return {**entry, "toolDenialKind": kind}


def deferred(name: str) -> dict[str, Any]:
    attached = {"type": "hook_deferred_tool", "toolUseID": name}
    return {"type": "attachment", "attachment": attached}


def test_a_deferred_call_is_one_that_is_made_again() -> None:
    found = read(call("a"), deferred("a"))

    assert [(one.text, one.key) for one in found.questions] == [("Which?", "a")]
    assert (found.again, found.is_alone) == ("a", True)


def test_a_call_that_was_answered_waits_no_more() -> None:
    found = read(call("a"), deferred("a"), answered("a"))

    assert found == Waiting({}, heard=frozenset({"a"}))


def test_a_call_that_was_refused_was_not_answered() -> None:
    found = read(call("a"), refused("a"))

    assert (found.calls, found.heard) == ({}, frozenset())


def test_of_two_calls_in_one_turn_both_wait_and_the_last_deferred_is_made_again() -> None:
    found = read(call("a"), call("b", "How many?"), deferred("a"), deferred("b"))

    assert [one.text for one in found.questions] == ["Which?", "How many?"]
    assert (found.again, found.is_alone) == ("b", False)


def test_where_the_last_deferred_was_answered_none_is_made_again() -> None:
    found = read(call("a"), call("b"), deferred("a"), deferred("b"), answered("b"))

    assert (list(found.calls), found.again, found.heard) == (["a"], "", frozenset({"b"}))


def test_a_call_that_was_deferred_out_of_the_cli_s_sight_is_not_made_again() -> None:
    beside = {"type": "user", "message": {"content": "x" * REACH}}

    found = read(call("a"), deferred("a"), beside)

    assert (list(found.calls), found.again) == (["a"], "")


def test_a_call_that_was_cut_off_before_it_was_deferred_is_not_made_again() -> None:
    assert read(call("a")).again == ""


def test_what_the_model_went_on_without_waits_no_more() -> None:
    goes_on = call("c", tool="Bash", turn="m2")

    assert read(call("a"), call("b"), deferred("b"), answered("b"), goes_on).calls == {}


def test_what_was_told_in_words_is_heard_once_the_model_goes_on() -> None:
    note = json.loads(waiting.note("a"))
    asked = [call("a"), call("b"), deferred("a"), deferred("b"), note]
    own = {"type": "assistant", "message": {"id": "m2", "model": "<synthetic>", "content": []}}

    assert read(*asked, own).heard == frozenset()
    assert read(*asked, own, call("c", tool="Bash", turn="m3")).heard == frozenset({"a"})


def test_what_the_cli_says_itself_is_no_turn_of_the_model() -> None:
    own = {"type": "assistant", "message": {"id": "m2", "model": "<synthetic>", "content": []}}

    assert list(read(call("a"), deferred("a"), own).calls) == ["a"]


def test_what_the_end_of_a_turn_stopped_is_cut_off_and_what_a_rule_refused_is_not() -> None:
    tools = [call(name, tool="Write") for name in "abcd"]
    ends = [refused("a", "permission-rule"), refused("b"), refused("c", "cancelled"), answered("d")]

    found = read(*tools, *ends)

    given = {"questions": [{"question": "Which?"}]}
    assert found.cut == {"b": Use("Write", given), "c": Use("Write", given)}


def test_a_question_beside_what_was_cut_off_is_not_alone() -> None:
    found = read(call("a"), call("b", tool="Write"), deferred("a"), refused("b"))

    assert (found.again, found.is_alone) == ("a", False)


def test_what_was_cut_off_before_the_model_went_on_is_so_no_more() -> None:
    assert read(call("a", tool="Write"), refused("a"), call("b", turn="m2")).cut == {}


def test_another_tool_is_no_question() -> None:
    assert read(call("a", tool="Bash"), deferred("a")).calls == {}


@pytest.mark.parametrize(
    "odd", [5, {"message": "x"}, {"attachment": 5}, {"message": {"content": 5}}]
)
def test_half_a_line_and_what_is_no_entry_are_passed_by(odd: Any) -> None:
    found = read(call("a"), odd, deferred("a"), rest='{"type": "us')

    assert found.again == "a"

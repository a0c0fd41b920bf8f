"""What an agent says is told in our words."""

from typing import Any

import pytest

from pmrunnerd.model.progress import AnyProgress, Changed, Charged, Other, Said, Used
from pmrunnerd.services.agents.acp.translate import Translator
from pmrunnerd.services.agents.chunks import LIMIT


def chunk(text: str, message: str = "", *, thought: bool = False) -> dict[str, Any]:
    kind = "agent_thought_chunk" if thought else "agent_message_chunk"
    said = {"sessionUpdate": kind, "content": {"type": "text", "text": text}}
    return {**said, "messageId": message} if message else said


def call(status: str = "pending", kind: str = "tool_call_update", **more: Any) -> dict[str, Any]:
    return {"sessionUpdate": kind, "toolCallId": "c1", "status": status, **more}


def told(*updates: dict[str, Any], spent: float = 0.0) -> list[AnyProgress]:
    translator = Translator(spent)
    said = [one for update in updates for one in translator.translate(update)]
    return [*said, *translator.rest()]


def cost(amount: Any, currency: str = "USD") -> dict[str, Any]:
    return {
        "sessionUpdate": "usage_update",
        "used": 1,
        "size": 2,
        "cost": {"amount": amount, "currency": currency},
    }


@pytest.mark.parametrize(
    "update",
    [
        {"sessionUpdate": "agent_message_chunk"},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "image", "data": "x"}},
        {"sessionUpdate": "usage_update", "used": 1, "size": 2},
        {"sessionUpdate": "usage_update", "cost": {"amount": "much", "currency": "USD"}},
        *(cost(1.0, "EUR"), cost(float("nan")), cost(float("inf"))),
        {"sessionUpdate": "user_message_chunk", "content": {"type": "text", "text": "do it"}},
        {"sessionUpdate": "available_commands_update", "availableCommands": []},
        chunk("  \n"),
    ],
)
def test_what_says_nothing_about_the_work_is_not_told(update: dict[str, Any]) -> None:
    assert told(update) == []


@pytest.mark.parametrize("kind", ["plan", "tomorrow_update", ""])
def test_what_we_have_no_word_for_is_kept_as_it_came(kind: str) -> None:
    (found,) = told({"sessionUpdate": kind, "entries": ["x"]})

    assert isinstance(found, Other)
    assert found.kind == kind
    assert '"entries": ["x"]' in found.data


def test_pieces_of_a_message_are_told_as_one() -> None:
    updates = [chunk("a"), cost(0.5), chunk("b", thought=True), chunk("c"), chunk("d")]

    assert told(*updates) == [
        Charged(at="", dollars=0.5),
        Said(at="", text="a"),
        Said(at="", text="b", thought=True),
        Said(at="", text="cd"),
    ]


def test_two_messages_are_two_by_their_names() -> None:
    assert told(chunk("a", "m1"), chunk("b", "m1"), chunk("c", "m2")) == [
        Said(at="", text="ab"),
        Said(at="", text="c"),
    ]


def test_the_last_message_is_what_was_said_and_not_what_was_thought() -> None:
    translator = Translator()
    for update in (chunk("a"), chunk("b", thought=True)):
        list(translator.translate(update))
    list(translator.rest())

    assert translator.last == "a"


def test_a_message_without_an_end_is_cut() -> None:
    said = [one for one in told(*[chunk("x" * 600_000)] * 5) if isinstance(one, Said)]

    assert sum(len(one.text) for one in said) == 1_200_000
    assert max(len(one.text) for one in said) <= LIMIT


def test_a_tool_is_told_once_it_has_ended_by_all_that_was_said_of_it() -> None:
    begins = call(kind="tool_call", title="Write a", rawInput={"file_path": "/w/a"})
    diff = {"type": "diff", "path": "/w/a", "newText": "x\n"}

    found = told(
        chunk("I write."), begins, call(kind="tool_call_update", title=None), call("completed")
    )
    assert found == [Said(at="", text="I write."), Used(at="", tool="Write-a", target="/w/a")]
    assert told({**begins, "kind": "edit"}, call("completed", content=[diff])) == [
        Used(at="", tool="edit", target="/w/a"),
        Changed(at="", path="/w/a", added=1),
    ]


def test_a_call_is_known_by_what_was_said_of_it_before() -> None:
    translator = Translator()
    list(translator.translate(call(kind="tool_call", title="ls")))

    assert translator.call({"toolCallId": "c1", "kind": "execute", "title": None}) == {
        **call(kind="tool_call", title="ls"),
        "kind": "execute",
    }


@pytest.mark.parametrize(("amount", "dollars"), [(2.5, 0.5), (0.25, 0.25)])
def test_what_the_session_cost_before_is_not_told_again(amount: float, dollars: float) -> None:
    assert told(cost(amount), spent=2.0) == [Charged(at="", dollars=dollars)]


def test_a_count_that_began_with_this_run_goes_on_so() -> None:
    found = told(cost(0.5), cost(2.5), spent=2.0)

    assert [one.dollars for one in found if isinstance(one, Charged)] == [0.5, 2.5]

"""A turn's questions are those of its calls that came to nothing, but for calls that make no sense."""

from claude_agent_sdk import AssistantMessage, ToolResultBlock, ToolUseBlock, UserMessage

from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.claude.turn import Turn

STOPPED = "The user doesn't want to proceed with this tool use."


def calls(*names: str, turn: str = "m1", model: str = "m") -> AssistantMessage:
    given = {"questions": [{"question": "Which?"}]}
    uses = [ToolUseBlock(id=name, name="AskUserQuestion", input=given) for name in names]
    return AssistantMessage(content=list(uses), model=model, message_id=turn)


def ends(call: str, why: str, *, error: bool = True) -> UserMessage:
    return UserMessage(
        content=[ToolResultBlock(tool_use_id=call, content=why, is_error=error or None)]
    )


def keys(*messages: AssistantMessage | UserMessage) -> list[str]:
    turn = Turn()
    for message in messages:
        turn.hear(message)
    return [one.key for one in turn.questions()]


def test_a_call_that_was_cut_off_still_asks() -> None:
    assert keys(calls("a", "b"), ends("a", STOPPED)) == ["a", "b"]


def test_a_call_that_the_cli_does_not_take_asks_nobody() -> None:
    wrong = "<tool_use_error>InputValidationError: questions</tool_use_error>"
    assert keys(calls("a", "b"), ends("a", wrong)) == ["b"]


def test_a_call_that_was_answered_asks_no_more() -> None:
    assert keys(calls("a", "b"), ends("a", "cherry", error=False)) == ["b"]


def test_what_the_model_went_on_without_is_asked_no_more() -> None:
    assert keys(calls("a"), ends("a", STOPPED), calls("b", turn="m2")) == ["b"]


def test_what_the_cli_says_itself_ends_no_question() -> None:
    assert keys(calls("a"), calls(turn="m2", model="<synthetic>")) == ["a"]


def test_a_call_that_it_did_not_hear_is_asked_with_the_others_and_none_twice() -> None:
    turn = Turn()
    turn.hear(calls("a"))
    others = [Asked(at="", text="Which?", key=key) for key in "ab"]

    assert [one.key for one in turn.questions(others)] == ["a", "b"]


def test_the_pieces_of_a_turn_are_one() -> None:
    turn = Turn()
    for message in (calls("z", turn="m0"), calls("a"), calls("b")):
        turn.hear(message)

    assert [use.id for use in turn.uses] == ["a", "b"]

"""What the real CLI said, as it was recorded, in our words."""

from dataclasses import dataclass
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ContentBlock,
    RateLimitEvent,
    RateLimitInfo,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from pmrunnerd.model import progress as pr
from pmrunnerd.services.agents.chunks import LIMIT
from pmrunnerd.services.agents.claude.translate import Translator, is_answer
from tests.unit.services.agents.claude.parts import recorded


def told(name: str, spent: float = 0.0) -> list[pr.AnyProgress]:
    translator = Translator(spent)
    return [said for message in recorded(name) for said in translator.translate(message)]


def test_work_is_what_was_said_used_changed_and_what_it_cost() -> None:
    said, wrote, changed, ran, charged = told("work")

    assert said == pr.Said(at="", text="I will write it.")
    assert isinstance(wrote, pr.Used)
    assert (wrote.tool, wrote.target, wrote.failed) == ("Write", "/srv/project/new.txt", False)
    assert changed == pr.Changed(at="", path="/srv/project/new.txt", added=1)
    assert isinstance(ran, pr.Used)
    assert (ran.tool, ran.target) == ("Bash", "cat new.txt && git status --short")
    assert ran.result.startswith("hello\n")
    assert charged == pr.Charged(at="", dollars=0.015, turns=3)


def test_what_the_session_cost_before_is_not_told_again() -> None:
    assert told("work", spent=0.01)[-1] == pr.Charged(at="", dollars=0.005, turns=3)


def test_what_it_has_cost_by_now_is_told_once_and_only_where_it_is_more() -> None:
    translator = Translator(0.01)
    for name in ("a", "a", "b"):
        list(translator.translate(AssistantMessage(content=[], model="m", message_id=name)))

    told = [said for total in (0.005, 0.02, 0.02, 0.015) for said in translator.count(total)]

    assert told == [pr.Charged(at="", dollars=0.01, turns=2)]


def test_a_tool_that_was_refused_failed() -> None:
    used = [said for said in told("permission") if isinstance(said, pr.Used)]

    assert [(one.tool, one.failed) for one in used] == [("Write", False), ("Write", True)]


def test_what_there_is_no_word_for_is_kept_as_it_came() -> None:
    others = [said for said in told("rate_limit") if isinstance(said, pr.Other)]

    assert [one.kind for one in others] == ["api_retry", "api_retry"]
    assert '"error_status": 429' in others[0].data


def test_a_question_is_told_by_whoever_asks_it() -> None:
    assert [type(said).__name__ for said in told("two_questions")] == ["Charged"]


def test_an_answer_is_the_result_of_a_tool_whose_use_an_earlier_run_has_told() -> None:
    first = told("answered")[0]

    assert isinstance(first, pr.Used)
    assert (first.tool, first.result.partition(":")[0]) == (
        "",
        "Your questions have been answered",
    )


def test_what_the_cli_says_itself_is_no_answer_of_a_model() -> None:
    content: list[ContentBlock] = [TextBlock(text="API Error: 500")]

    assert not is_answer(AssistantMessage(content=content, model="<synthetic>"))
    assert not is_answer(AssistantMessage(content=content, model="m", error="server_error"))
    assert not is_answer(UserMessage(content="so"))
    assert is_answer(AssistantMessage(content=content, model="m"))


def test_thoughts_are_told_apart() -> None:
    message = AssistantMessage(content=[ThinkingBlock(thinking="hm", signature="")], model="m")

    assert list(Translator().translate(message)) == [pr.Said(at="", text="hm", thought=True)]


def test_a_changed_file_is_told_with_its_lines() -> None:
    translator = Translator()
    used = ToolUseBlock(id="a", name="Edit", input={"file_path": "/x"})
    list(translator.translate(AssistantMessage(content=[used], model="m")))
    patch = [{"lines": [" a", "-b", "+c", "+d"]}]
    done = UserMessage(
        content=[ToolResultBlock(tool_use_id="a", content="ok")],
        tool_use_result={"filePath": "/x", "structuredPatch": patch},
    )

    assert list(translator.translate(done)) == [
        pr.Used(at="", tool="Edit", target="/x", result="ok"),
        pr.Changed(at="", path="/x", added=2, removed=1),
    ]


@pytest.mark.parametrize("patch", ["no list", [1], [{"lines": 5}], {"lines": ["+c"]}])
def test_a_patch_of_another_shape_is_a_change_without_lines(patch: Any) -> None:
    block = ToolResultBlock(tool_use_id="a", content="ok")
    details = {"filePath": "/x" * 5000, "structuredPatch": patch}

    _, changed = Translator().translate(UserMessage(content=[block], tool_use_result=details))

    assert isinstance(changed, pr.Changed)
    assert (changed.added, changed.removed, len(changed.path) < 1000) == (0, 0, True)


def test_a_long_result_is_cut_and_says_so() -> None:
    result = ToolResultBlock(tool_use_id="a", content=[{"type": "text", "text": "x" * 5000}])

    (used,) = Translator().translate(UserMessage(content=[result]))

    assert isinstance(used, pr.Used)
    assert len(used.result) == 400
    assert used.result.endswith("x…")


def test_an_unknown_message_and_an_unknown_block_are_kept() -> None:
    @dataclass
    class Novel:
        text: str = "new"

    block: Any = Novel()
    whole: Any = Novel()

    assert [type(said).__name__ for said in Translator().translate(whole)] == ["Other"]
    (kept,) = Translator().translate(AssistantMessage(content=[block], model="m"))
    assert isinstance(kept, pr.Other)
    assert (kept.kind, "new" in kept.data) == ("Novel", True)


def test_a_warning_of_a_limit_is_kept_as_the_cli_said_it() -> None:
    info = RateLimitInfo(status="allowed_warning", raw={"utilization": 0.8})
    event = RateLimitEvent(rate_limit_info=info, uuid="u", session_id="s")

    (kept,) = Translator().translate(event)

    assert kept == pr.Other(at="", kind="RateLimitEvent", data='{"utilization": 0.8}')


@pytest.mark.parametrize(
    ("tool", "told", "failed"),
    [
        ("Bash", "the turn was cut short before it was done", True),
        ("AskUserQuestion", "a person is asked", False),
    ],
)
def test_what_the_end_of_a_turn_cuts_off_was_not_refused_by_anybody(
    tool: str, told: str, failed: bool
) -> None:
    translator = Translator()
    used = ToolUseBlock(id="a", name=tool, input={})
    list(translator.translate(AssistantMessage(content=[used], model="m")))
    why = "The user doesn't want to proceed with this tool use. STOP"
    said = ToolResultBlock(tool_use_id="a", content=why, is_error=True)

    assert list(translator.translate(UserMessage(content=[said]))) == [
        pr.Used(at="", tool=tool, result=told, failed=failed)
    ]


def test_what_a_person_is_asked_about_was_not_refused_by_anybody() -> None:
    translator = Translator(refused={"a"})
    used = ToolUseBlock(id="a", name="Write", input={"file_path": "/x"})
    list(translator.translate(AssistantMessage(content=[used], model="m")))
    said = ToolResultBlock(tool_use_id="a", content="The user said no. STOP", is_error=True)

    assert list(translator.translate(UserMessage(content=[said]))) == [
        pr.Used(at="", tool="Write", target="/x", result="a person is asked")
    ]


def test_turns_are_those_of_the_run_each_once_and_none_of_the_cli_s_own() -> None:
    translator = Translator()
    for name, model, parent in [
        ("1", "m", None),
        ("1", "m", None),
        ("2", "m", None),
        ("3", "<synthetic>", None),
        ("4", "m", "toolu_a"),
    ]:
        list(
            translator.translate(
                AssistantMessage(
                    content=[], model=model, message_id=name, parent_tool_use_id=parent
                )
            )
        )
    over = ResultMessage(
        subtype="success",
        duration_ms=1,
        duration_api_ms=1,
        is_error=False,
        num_turns=9,
        session_id="s",
        total_cost_usd=0.5,
    )

    assert list(translator.translate(over)) == [pr.Charged(at="", dollars=0.5, turns=2)]


def test_how_the_session_is_set_up_is_no_news() -> None:
    assert list(Translator().translate(SystemMessage(subtype="init", data={}))) == []


def test_a_result_without_a_cost_costs_nothing_that_is_known() -> None:
    result = ResultMessage(
        subtype="success",
        duration_ms=1,
        duration_api_ms=1,
        is_error=False,
        num_turns=1,
        session_id="s",
    )

    assert list(Translator().translate(result)) == []


def test_what_is_said_at_great_length_is_told_in_pieces_and_nothing_of_it_is_lost() -> None:
    text = "\n".join(["ü" * 1000] * 1000)
    message = AssistantMessage(content=[TextBlock(text=text)], model="m")

    pieces = [one for one in Translator().translate(message) if isinstance(one, pr.Said)]

    assert "\n".join(one.text for one in pieces) == text
    assert max(len(one.text.encode()) for one in pieces) <= LIMIT

"""What the real CLI said, as it was recorded, in our words."""

from dataclasses import dataclass
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    ResultMessage,
    SystemMessage,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from pmrunnerd.model import progress as pr
from pmrunnerd.services.agents.claude.translate import Translator
from tests.unit.services.agents.claude.parts import recorded


def told(name: str, spent: float = 0.0) -> list[pr.AnyProgress]:
    translator = Translator(spent)
    return [said for message in recorded(name) for said in translator.translate(message)]


def test_work_is_what_was_said_used_changed_and_what_it_cost() -> None:
    said, wrote, changed, ran, gave, charged = told("work")

    assert said == pr.Said(at="", text="I will write it.")
    assert isinstance(wrote, pr.Used)
    assert (wrote.tool, wrote.target, wrote.failed) == ("Write", "/srv/project/new.txt", False)
    assert changed == pr.Changed(at="", path="/srv/project/new.txt", added=1)
    assert isinstance(ran, pr.Used)
    assert (ran.tool, ran.target) == ("Bash", "cat new.txt && git status --short")
    assert ran.result.startswith("hello\n")
    assert isinstance(gave, pr.Used)
    assert gave.tool == "StructuredOutput"
    assert charged == pr.Charged(at="", dollars=0.015, turns=4)


def test_what_the_session_cost_before_is_not_told_again() -> None:
    assert told("work", spent=0.01)[-1] == pr.Charged(at="", dollars=0.005, turns=4)


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

"""All that one turn asks and wants reaches a person, and what that says the model; nobody else says no."""

from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.progress import Asked, Concluded, Proposed, Used
from pmrunnerd.model.questions import ALLOW_ONCE, Kind
from tests.everything import some
from tests.fakes.model import Model, Step, scripted
from tests.integration.claude.matrix import Task, kill
from tests.integration.claude.parts import Claudes, answers, plan, question, result, uses
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox

pytestmark = needs_sandbox

FRUIT = "You asked: Which fruit?\nA person answers: cherry"
NAME = "You asked: What name?\nA person answers: Bob"
ALLOWED = "It is allowed; do it again now."


def asks(which: str = "Which fruit?", *options: str) -> tuple[str, dict[str, Any]]:
    return "AskUserQuestion", {"questions": [question(which, *(options or ("apple", "cherry")))]}


def runs(command: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": command}


def writes(hosts: Hosts, name: str = ".mcp.json") -> tuple[str, dict[str, Any]]:
    return "Write", {"file_path": str(hosts.workspace / name), "content": "{}\n"}


def last(model: Model) -> str:
    """Return the latest words that the model was told."""
    said = [one for one in model.requests[-1]["messages"] if one["role"] == "user"]
    texts = [block["text"] for block in said[-1]["content"] if block.get("type") == "text"]
    return str(texts[-1])


@pytest.mark.parametrize("beside", some([["echo sibling > half.txt"], []]))
def test_two_calls_that_ask_in_one_turn_are_both_answered(
    tmp_path: Path, beside: list[str]
) -> None:
    tools = [asks(), *map(runs, beside), asks("What name?", "this", "that")]
    with Hosts(tmp_path) as hosts:
        ends = result("Thanks.", last=NAME, anywhere=FRUIT)
        with scripted(Step(tools=tools), ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            said = claudes.run(answers=answers(asked, first, "cherry", "Bob"))

        assert [one.text for one in every(asked, Asked)] == ["Which fruit?", "What name?"]
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert last(model).count("A person answers") == 2
        assert len(every(said, Concluded)) == 1


def test_two_calls_of_a_planner_are_both_answered(tmp_path: Path) -> None:
    asking = Step(tools=[asks(), asks("What name?", "this", "that")])
    tasks = [{"name": "a", "title": "A", "instructions": "do a"}]
    with Hosts(tmp_path) as hosts:
        with scripted(asking, plan("P", tasks, last=NAME, anywhere=FRUIT)) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start(kind=TaskKind.PLANNING)
            told = answers(hosts.over(first), first, "cherry", "Bob")
            said = claudes.run(answers=told, kind=TaskKind.PLANNING)

        assert [one.title for one in every(said, Proposed)] == ["P"]


@pytest.mark.parametrize(
    "when", some(["while the model is asked", "before it was told", "afterwards"])
)
def test_a_session_that_two_calls_were_answered_of_is_gone_on_with_whenever_it_is_killed(
    tmp_path: Path, when: str
) -> None:
    asking = Step(tools=[asks(), asks("What name?", "cherry", "that")])
    hears = Step(text="I see", hangs=True, last="cherry")
    works = uses("Bash", command="touch .git/on; sleep 99")
    works.last = "What name?\nA person answers: cherry"
    ends = result("Thanks.", anywhere=works.last)
    ends.last = "Look first" if when == "afterwards" else works.last
    between = {"before it was told": [], "while the model is asked": [hears], "afterwards": [works]}
    with Hosts(tmp_path) as hosts, scripted(asking, *between[when], ends) as model:
        task = Task(hosts, model)
        task.start()
        assert end(task.over()).outcome is Outcome.ASKED
        task.start()
        if when == "before it was told":
            eventually(task.cli)
        else:
            model.wait(2)
        if when == "afterwards":
            eventually((hosts.workspace / ".git/on").exists)
        kill(task, "the CLI")
        task.over()
        said = task.go_on()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert FRUIT in str(model.requests[-1]["messages"]).replace("\\n", "\n")
        assert len(task.state.questions) == 2
        sessions = {headers["X-Claude-Code-Session-Id"] for headers in model.headers}
        assert sessions == {task.claudes.session}


@pytest.mark.parametrize("order", some(["permission first", "question first"]))
def test_a_question_and_a_permission_of_one_turn_are_both_asked_and_told(
    tmp_path: Path, order: str
) -> None:
    with Hosts(tmp_path) as hosts:
        tools = [asks(), writes(hosts)] if order == "question first" else [writes(hosts), asks()]
        again = Step(tools=[writes(hosts)], last=FRUIT)
        ends = result("A cherry.", ".mcp.json", last="created")
        with scripted(Step(tools=tools), again, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            given = {Kind.AGENT: "cherry", Kind.PERMISSION: ALLOW_ONCE}
            told = [given[one.kind] for one in every(asked, Asked)]
            said = claudes.run(answers=answers(asked, first, *told))

        assert sorted(told) == [ALLOW_ONCE, "cherry"]
        assert not any(one.failed for one in every(asked, Used)), asked
        assert end(said).outcome is Outcome.SUCCEEDED, said
        heard = str(model.requests[1]["messages"][-1])
        assert ALLOWED in heard, "told with the answer, and not after the result"
        assert len(every(said, Concluded)) == 1


def test_what_a_permission_cut_off_is_done_again_and_nobody_is_said_to_have_refused_it(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        tools = [runs("echo one > one.txt"), writes(hosts), runs("echo two > two.txt")]
        again = Step(tools=[writes(hosts), tools[2]], last="- Bash: echo two > two.txt")
        with scripted(Step(tools=tools), again, result("Both.", "two.txt")) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            said = claudes.run(answers=answers(hosts.over(first), first, ALLOW_ONCE))

        assert end(said).outcome is Outcome.SUCCEEDED, said
        words = str(model.requests[1]["messages"][-1])
        assert "refused by nobody" in words
        assert "one.txt" not in words, "that was done"
        assert git(hosts.workspace, "show", "HEAD:two.txt") == "two\n"


def test_what_a_person_could_not_be_asked_for_it_was_killed_is_said_to_be_called_again(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        again = Step(tools=[asks(), writes(hosts)], last=f"- Write: {hosts.workspace}/.mcp.json")
        ends = result("Thanks.", last=FRUIT, anywhere=ALLOWED)
        with scripted(Step(tools=[writes(hosts), asks()]), again, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            hosts.over(first)
            # As if it had died before it reported: nobody was asked.
            second = claudes.start(interrupted=(first,))
            asked = hosts.over(second)
            given = {Kind.AGENT: "cherry", Kind.PERMISSION: ALLOW_ONCE}
            told = answers(asked, second, *(given[one.kind] for one in every(asked, Asked)))
            said = claudes.run(answers=told)

        assert end(said).outcome is Outcome.SUCCEEDED, said

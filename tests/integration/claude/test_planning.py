"""A planner reads, may ask, and gives a plan back; it changes nothing."""

from pathlib import Path
from typing import Any

from pmrunnerd.model.entities import Outcome, Purpose, TaskKind
from pmrunnerd.model.progress import Asked, Proposed, ProposedTask
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, plan, question, uses
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox

pytestmark = needs_sandbox

TASKS: list[dict[str, Any]] = [
    {"name": "fetch", "title": "Fetch it", "instructions": "fetch", "files": ["a.txt"]},
    {
        "name": "build",
        "kind": "research",
        "title": "Build it",
        "instructions": "build",
        "needs": ["fetch"],
        "risk": "x",
    },
]


def test_a_plan_is_proposed_with_all_that_its_tasks_need(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        reads = uses("Read", file_path=str(hosts.workspace / "kept.txt"))
        reads.last = "<request>\nfetch and build\n</request>"
        reads.anywhere = "<project>\nMind the gap.\n</project>"
        with scripted(reads, plan("Fetch and build", TASKS, last="kept")) as model:
            said = Claudes(hosts, model).run(
                "fetch and build", kind=TaskKind.PLANNING, bootstrap="Mind the gap."
            )

        assert end(said).outcome is Outcome.SUCCEEDED, said
        (proposed,) = every(said, Proposed)
        assert proposed.title == "Fetch and build"
        assert proposed.tasks == (
            ProposedTask(name="fetch", title="Fetch it", text="fetch", files=("a.txt",)),
            ProposedTask(
                name="build",
                title="Build it",
                text="build",
                needs=("fetch",),
                risk="x",
                purpose=Purpose.RESEARCH,
            ),
        )


def test_a_planner_has_no_tool_that_changes_anything(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        tries = uses("Write", file_path=str(hosts.workspace / "x"), content="x")
        runs = uses("Bash", command="touch x")
        with scripted(tries, runs, plan("Fetch and build", TASKS)) as model:
            said = Claudes(hosts, model).run(kind=TaskKind.PLANNING)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        offered = {tool["name"] for tool in model.requests[0]["tools"]}
        assert offered >= {"Read", "Grep", "Glob", "AskUserQuestion", "StructuredOutput"}
        assert offered.isdisjoint({"Write", "Edit", "Bash", "NotebookEdit", "WebFetch", "Agent"})
        assert git(hosts.workspace, "status", "--porcelain") == ""


def test_an_end_without_a_plan_is_a_failure(tmp_path: Path) -> None:
    steps = [Step(text="It is simple."), Step(text="Just do it.")]
    with Hosts(tmp_path) as hosts, scripted(*steps) as model:
        said = Claudes(hosts, model).run(kind=TaskKind.PLANNING)

        assert end(said).reason == "Claude Code failed: it ended without a plan"


def test_a_planner_may_ask_first(tmp_path: Path) -> None:
    asks = uses("AskUserQuestion", questions=[question("Which one?", "this", "that")])
    with (
        Hosts(tmp_path) as hosts,
        scripted(asks, plan("Fetch and build", TASKS, last="that")) as model,
    ):
        claudes = Claudes(hosts, model)
        first = claudes.start(kind=TaskKind.PLANNING)
        asked = hosts.over(first)
        said = claudes.run(kind=TaskKind.PLANNING, answers=answers(asked, first, "that"))

        assert [one.text for one in every(asked, Asked)] == ["Which one?"]
        assert len(every(said, Proposed)) == 1, said


def test_what_was_said_against_a_plan_goes_to_the_session_that_made_it(tmp_path: Path) -> None:
    again = plan("Fetch and build", TASKS, last="sent back, for this reason:\n- too small")
    with Hosts(tmp_path) as hosts, scripted(plan("Fetch and build", TASKS), again) as model:
        claudes = Claudes(hosts, model)
        claudes.run(kind=TaskKind.PLANNING)
        said = claudes.run(kind=TaskKind.PLANNING, objections=("too small",))

        assert len(every(said, Proposed)) == 1, said
        sessions = {headers["X-Claude-Code-Session-Id"] for headers in model.headers}
        assert sessions == {claudes.session}

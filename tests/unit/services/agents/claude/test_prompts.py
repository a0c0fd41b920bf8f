"""What a session of Claude Code is told to do."""

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.spec import Needed
from pmrunnerd.services.agents.claude import prompts
from tests.unit.services.agents.parts import session_spec as spec


def test_a_worker_is_told_to_do_the_task_to_its_end() -> None:
    assert prompts.first(spec()).startswith("Do the task below in the workspace that you are in")


def test_results_of_very_many_tasks_are_told_each_in_part() -> None:
    needed = tuple(Needed(name=f"n{n}", title="T", result="x" * 64_000) for n in range(100))

    told = prompts.first(spec(needed=needed))

    assert len(told) < 300_000
    assert told.count("x" * 2000) == 100


def test_a_planner_is_told_of_a_request_and_to_change_nothing() -> None:
    told = prompts.first(spec(kind=TaskKind.PLANNING))

    assert told.startswith("Plan the request below; change nothing.")
    assert told.endswith("<request>\nDo it.\n</request>")

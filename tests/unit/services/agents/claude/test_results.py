"""Results and plans, as a model gives them back."""

import pytest

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.progress import Proposed, ProposedTask
from pmrunnerd.services.agents.claude import results
from pmrunnerd.services.agents.review import Result


@pytest.mark.parametrize(
    "given", [None, "done", {}, {"summary": 5}, {"summary": "  ", "files": []}]
)
def test_what_has_no_words_is_no_result(given: object) -> None:
    assert results.result(given) is None


def test_a_result_has_a_summary_and_the_files_it_claims() -> None:
    given = {"summary": "done", "files": ["a", "b"]}

    assert results.result(given) == Result("done", ("a", "b"))


@pytest.mark.parametrize("given", [None, {}, {"title": "t"}, {"title": "t", "tasks": [{}]}])
def test_what_does_not_fit_is_no_plan(given: object) -> None:
    assert results.plan(given) is None


def test_a_plan_is_handed_on_as_it_is_for_the_rules_to_look_at() -> None:
    task = {"name": "a", "title": "A", "instructions": "do a", "needs": ["a"], "files": ["f"]}

    assert results.plan({"title": "t", "tasks": [task]}) == Proposed(
        at="",
        title="t",
        tasks=(ProposedTask(name="a", title="A", text="do a", needs=("a",), files=("f",)),),
    )


def test_each_kind_of_task_has_a_schema_that_lets_nothing_else_in() -> None:
    plan, work = (results.schema(kind)["schema"] for kind in (TaskKind.PLANNING, TaskKind.WORK))

    assert plan["required"] == ["title", "tasks"]
    assert work["required"] == ["summary", "files"]
    assert not plan["additionalProperties"]
    assert not plan["properties"]["tasks"]["items"]["additionalProperties"]

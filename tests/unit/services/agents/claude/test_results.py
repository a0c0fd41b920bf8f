"""Results and plans, as a model gives them back."""

import pytest

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Purpose, TaskKind
from pmrunnerd.model.progress import Proposed, ProposedTask
from pmrunnerd.rules import planning
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


def test_a_summary_of_megabytes_is_cut() -> None:
    found = results.result({"summary": "x" * 5_000_000, "files": []})

    assert found is not None
    assert len(found.summary.encode()) <= brief.RESULT


@pytest.mark.parametrize("given", [None, {}, {"title": "t"}, {"title": "t", "tasks": [{}]}])
def test_what_does_not_fit_is_no_plan(given: object) -> None:
    assert results.plan(given) is None


def test_a_plan_is_handed_on_as_it_is_for_the_rules_to_look_at() -> None:
    task = {"name": "a", "title": "A", "instructions": "do a", "needs": ["a"], "files": ["f"]}
    task["kind"] = "docs"

    assert results.plan({"title": "t", "tasks": [task]}) == Proposed(
        at="",
        title="t",
        tasks=(
            ProposedTask(
                name="a", title="A", text="do a", needs=("a",), files=("f",), purpose=Purpose.DOCS
            ),
        ),
    )


def test_each_kind_of_task_has_a_schema_that_lets_nothing_else_in() -> None:
    plan, work = (results.schema(kind)["schema"] for kind in (TaskKind.PLANNING, TaskKind.WORK))

    assert plan["required"] == ["title", "tasks"]
    assert work["required"] == ["summary", "files"]
    assert not plan["additionalProperties"]
    task = plan["properties"]["tasks"]["items"]
    assert not task["additionalProperties"]
    assert task["properties"]["kind"]["enum"] == ["code", "tests", "docs", "research"]


def test_a_planner_is_told_how_long_what_it_proposes_may_be() -> None:
    said = str(results.schema(TaskKind.PLANNING))

    limits = (
        planning.LONGEST_NAME,
        planning.LONGEST_RISK,
        planning.MOST_FILES,
        planning.MOST_STEPS,
    )
    assert all(f"{limit}" in said for limit in limits)
    assert f"{planning.LONGEST_STEP >> 10} KiB" in said
    assert f"{planning.LONGEST_PLAN >> 20} MiB" in said

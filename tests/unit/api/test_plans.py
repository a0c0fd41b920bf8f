from msgspec.structs import replace

from pmrunnerd.api import plans, present
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Purpose
from tests.unit.rules.life import a_draft, a_proposed_plan, asked, happen, started


def test_a_draft_says_how_far_its_making_is_and_counts_only_its_work() -> None:
    state = a_draft()

    def making() -> str:
        return plans.row(state, state.plans["p1"]).making

    assert making() == "to be planned as task t1"
    happen(state, started("t1", "r1-aaaa"))
    assert making() == "being planned by run r1-aaaa"
    (project,) = present.project_rows(state, lambda _: "")
    assert project.now == "running t1 plan of p1"
    happen(state, *asked("t1", "r1-aaaa", "which?"))
    assert making() == "being planned as task t1, which waits for an answer to q1"
    made = plans.row(a_proposed_plan(), a_proposed_plan().plans["p1"])
    assert (made.making, sum(made.tasks.values())) == ("", 1)


def test_a_plan_that_waits_says_in_the_inbox_what_is_to_be_done_and_what_may_go_wrong() -> None:
    state = a_proposed_plan()
    state.tasks["t2"] = replace(state.tasks["t2"], risk="it may break", title="The first")
    (item,) = present.inbox(state, None).items
    assert item.text == "all of it\n  t2 one: The first (risk: it may break)"
    many = a_proposed_plan({f"n{count}": () for count in range(12)})
    (item,) = present.inbox(many, None).items
    assert item.text.splitlines()[-2:] == ["  t11 n9: do n9", "  and 2 more"]


def test_what_is_to_be_done_has_its_title_where_that_says_more_than_its_name() -> None:
    one = ev.PlannedTask(
        task="t2", name="fetch", title="Fetch it", text="x", risk="low", purpose=Purpose.DOCS
    )
    other = ev.PlannedTask(task="t3", name="build", title="build", text="x", needs=("t2",))

    assert list(plans.listed((one, other), titled=True)) == [
        "  t2 fetch: Fetch it",
        "     purpose: docs",
        "     risk: low",
        "  t3 build after fetch",
    ]
    assert next(iter(plans.listed((one,), titled=False))) == "  t2 fetch"

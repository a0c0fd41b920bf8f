from itertools import islice
from pathlib import Path

from pmrunnerd.model import events as ev
from pmrunnerd.model.naming import Mint
from pmrunnerd.rules import drafting
from pmrunnerd.store.store import Store
from tests.unit.store.lives import beginning, failed_plan, next_facts
from tests.unit.store.parts import opened

COUNT = 150


def lived(store: Store) -> None:
    store.commit(*beginning())
    for choice in range(COUNT):
        store.commit(*next_facts(store, choice * 7))
        store.flush()


def test_a_list_is_read_page_by_page_to_its_beginning(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        lived(store)
        store.checkpoint()
        for what in ("plans", "tasks", "runs"):
            for project in (None, "w1", "w2"):
                whole = [thing.id for thing in getattr(store.lists, what)(project, None)]
                paged: list[str] = []
                while page := list(
                    islice(getattr(store.lists, what)(project, paged[-1] if paged else None), 3)
                ):
                    paged += [thing.id for thing in page]
                assert paged == whole, (what, project)
                assert len(set(whole)) == len(whole)
            both = {t.id for p in ("w1", "w2") for t in getattr(store.lists, what)(p, None)}
            assert both == {thing.id for thing in getattr(store.lists, what)(None, None)}
            assert len(both) > 5


def test_a_page_may_begin_before_what_never_was(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        lived(store)
        everything = list(store.lists.tasks(None, None))
        assert list(store.lists.tasks(None, "t9999")) == everything
        assert list(store.lists.runs("w1", "r9999-4f2a")) == list(store.lists.runs("w1", None))
        assert list(store.lists.plans("w9", None)) == []
        for nothing in ("p1", "p0"):
            for project in (None, "w1"):
                assert list(store.lists.plans(project, nothing)) == []
        assert list(store.lists.tasks(None, "t0")) == []


def test_an_empty_state_has_empty_lists(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        assert [*store.lists.plans(None, None), *store.lists.tasks("w1", "t3")] == []
        assert store.lists.run(1) is None


def test_a_page_of_tasks_may_begin_before_a_number_that_was_lost(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(*beginning())
        store.flush()
        failed_plan(store)
        store.commit(ev.CommitLost(reason="a bit flipped", kept="", line=1, minted=("t2",)))
        store.flush()
        failed_plan(store)
        for before, found in (("t3", ["t1"]), ("t2", ["t1"]), ("t1", []), ("t4", ["t3", "t1"])):
            assert [task.id for task in store.lists.tasks(None, before)] == found


def test_tasks_that_were_planned_after_a_later_plan_began_are_on_their_page(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.commit(*beginning())
        for name in ("m1", "m2"):
            said = ev.MessagePosted(message=name, project="w1", text="do it", by="anna")
            store.commit(said)
            minted = store.ahead.minted
            store.commit(drafting.begin(store.ahead.messages[name], "oracle", Mint(minted)))
        tasks = (ev.PlannedTask(task="t3", name="a", title="a", text="do a"),)
        store.commit(
            ev.PlanProposed(plan="p1", project="w1", run="r1", title="it", tasks=tasks),
            ev.PlanApproved(plan="p1", project="w1"),
        )
        store.flush()
        for project in (None, "w1"):
            for before, found in ((None, "t3"), ("t3", "t2"), ("t2", "t1"), ("t1", None)):
                first = next(store.lists.tasks(project, before), None)
                assert (first.id if first else None) == found

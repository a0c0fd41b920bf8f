import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.model.upkeep import Held
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.doubts import Doubts, held
from tests.unit.rules.life import AT, a_plan, a_project, happen, started

TWO: dict[str, tuple[str, ...]] = {"one": (), "two": ()}


def line(*facts: ev.AnyEvent) -> bytes:
    return encode(Batch(seq=7, at=AT, facts=facts))


def ids(lived: State, raw: bytes) -> list[str]:
    doubts, state = Doubts(), lived.copy()
    doubts.lose(raw, state)
    return [one.id for one in held(state, doubts.facts(state))]


SAID = line(ev.MessagePosted(message="m9", project="w1", text="more", by="anna"))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (line(started("t1", "r1-aaaa")), ["t1"]),
        (line(ev.TaskCancelled(task="t2", project="w1")), ["t2"]),
        (SAID, []),
        # It may have been anything:
        (b"", ["t1", "t2"]),
        (b"\0" * 512, ["t1", "t2"]),
        (line(started("t9", "r1-aaaa")).replace(b"run-started", b"run-stXrted"), ["t1", "t2"]),
        (line(started("t9", "r1-aaaa")).replace(b"run-started", b"run-stbrted"), ["t1", "t2"]),
        (SAID[:-9], ["t1", "t2"]),
    ],
)
def test_a_lost_line_names_what_to_hold_and_one_that_says_nothing_means_all_that_waited(
    raw: bytes, expected: list[str]
) -> None:
    assert ids(a_plan(TWO), raw) == expected


def test_what_came_after_the_loss_is_not_concerned() -> None:
    doubts = Doubts()
    doubts.lose(b"", State())

    assert doubts.facts(a_plan(TWO)) == ()


def test_a_message_whose_plan_is_lost_is_held() -> None:
    drafted = ev.PlanDrafted(plan="p5", project="w1", message="m1", title="x", tasks=())
    doubts, state = Doubts(), a_project().copy()
    doubts.lose(line(drafted), state)
    facts = doubts.facts(state)

    assert held(state, facts) == (Held(id="m1", alias="demo", text="do it"),)
    assert isinstance(facts[0], ev.PlanRefused)
    assert facts[0].plan == "p6", "the number of one that is lost is not given again"


def test_a_run_is_stopped_only_where_a_lost_commit_began_another_one() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))

    assert ids(state, line(ev.TaskInterrupted(task="t1", project="w1", reason="x"))) == []
    assert ids(state, line(started("t1", "r2-bbbb"))) == ["t1"]

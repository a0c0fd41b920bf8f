from pmrunnerd.rules.recovery import settle
from tests.unit.rules.life import a_plan, asked, happen, started


def test_what_runs_and_what_waits_for_a_person_is_left_as_it_is() -> None:
    state = happen(a_plan({"a": (), "b": ()}), started("t1", "r1"))
    assert settle(state) == []
    happen(state, *asked("t1", "r1", "which port?"))
    assert settle(state) == []

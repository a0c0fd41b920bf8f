import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.model.progress import Limited
from pmrunnerd.rules import decide, limits
from pmrunnerd.rules.agenda import Follow, Remind, Start
from pmrunnerd.rules.evolve import evolve
from tests.unit.rules.life import AT, a_plan, failed, happen, started
from tests.unit.rules.provider import (
    LOGIN,
    NOON,
    ONE,
    OVERLOAD,
    RATE,
    SOON,
    ends,
    starts,
    three_projects,
    todo,
    why,
)


def test_a_limit_keeps_all_of_an_agent_from_starting_and_says_until_when() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    facts = ends(state, "r1-a", Outcome.LIMITED, RATE)
    assert facts[1:] == [
        ev.TaskLimited(task="t1", project="w1", reason="too many requests", until=ONE),
        ev.AgentLimited(
            agent="claude", kind="rate", reason="too many requests", until=ONE, began=NOON
        ),
    ]
    assert state.tasks["t1"].state == "QUEUED"
    assert state.tasks["t1"].interruptions == 0
    assert todo(state, SOON) == []
    limited = "limited by the provider until 13:00 UTC, one probe first: too many requests"
    assert {why(state, task, SOON) for task in ("t1", "t2", "t3")} == {limited}
    assert "until 2026-01-01 13:00 UTC" in why(state, "t1", "2025-12-31T23:00:00.000Z")


def test_other_agents_go_on_meanwhile() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    ends(state, "r1-a", Outcome.LIMITED, RATE)
    happen(state, ev.ProjectChanged(project="w2", agent="shell"))
    assert todo(state, SOON) == [Start("t2")]


def test_after_the_reset_one_probe_runs_and_the_rest_when_it_was_served() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    ends(state, "r1-a", Outcome.LIMITED, RATE)
    assert todo(state, ONE) == [Start("t1")]
    assert why(state, "t1", ONE) == "starts now"
    assert why(state, "t2", ONE) == "limited by the provider: t1 is the probe before it"
    starts(state, "t1", "r2-b", ONE)
    assert todo(state, ONE) == [Follow("r2-b")]
    assert why(state, "t2", ONE) == "limited by the provider: r2-b tries whether that is over"
    assert limits.answered(state, state.runs["r2-b"]) == (ev.AgentFree(agent="claude"),)
    happen(state, ev.AgentFree(agent="claude"))
    assert todo(state, ONE) == [Follow("r2-b"), Start("t2"), Start("t3")]
    assert limits.answered(state, state.runs["r2-b"]) == ()


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.LIMITED])
def test_the_end_of_a_probe_whose_model_never_answered_ends_no_limit(outcome: Outcome) -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    ends(state, "r1-a", Outcome.LIMITED, RATE)
    starts(state, "t1", "r2-b", ONE)
    # One that had finished before, asked without a model, or found no sandbox.
    assert ev.AgentFree(agent="claude") not in ends(state, "r2-b", outcome, now=ONE)
    assert state.accounts["claude"].limit == "rate"
    assert state.accounts["claude"].probe == ""
    assert len([one for one in todo(state, ONE) if isinstance(one, Start)]) == 1


@pytest.mark.parametrize(
    "said", [OVERLOAD, Limited(at="", kind="rate", reason="again", until=SOON)]
)
def test_a_limit_that_is_met_meanwhile_does_not_shorten_one_that_is_known(said: Limited) -> None:
    state = three_projects()
    for n in (1, 2):
        starts(state, f"t{n}", f"r{n}-a")
    ends(state, "r1-a", Outcome.LIMITED, RATE)
    facts = ends(state, "r2-a", Outcome.LIMITED, said)
    assert [type(fact) for fact in facts] == [ev.RunEnded, ev.TaskLimited]
    assert state.accounts["claude"].until == ONE
    assert todo(state, "2026-01-01T12:59:00.000Z") == []


def test_a_limit_that_lasts_longer_than_one_that_is_known_takes_its_place() -> None:
    state = three_projects()
    for n in (1, 2):
        starts(state, f"t{n}", f"r{n}-a")
    ends(state, "r1-a", Outcome.LIMITED, OVERLOAD)
    ends(state, "r2-a", Outcome.LIMITED, RATE)
    assert (state.accounts["claude"].until, state.accounts["claude"].times) == (ONE, 1)


def test_a_login_that_is_wanted_stays_wanted_whatever_others_meet_meanwhile() -> None:
    state = three_projects()
    for n in (1, 2):
        starts(state, f"t{n}", f"r{n}-a")
    ends(state, "r1-a", Outcome.LIMITED, LOGIN)
    ends(state, "r2-a", Outcome.LIMITED, RATE)
    assert (state.accounts["claude"].limit, state.accounts["claude"].until) == ("login", "")


def test_who_was_under_way_before_the_limit_says_nothing_about_it() -> None:
    state = three_projects()
    for n in (1, 2, 3):
        starts(state, f"t{n}", f"r{n}-a")
    ends(state, "r1-a", Outcome.LIMITED, RATE)
    assert limits.answered(state, state.runs["r2-a"]) == ()
    assert ev.AgentFree(agent="claude") not in ends(state, "r2-a", Outcome.SUCCEEDED)
    # It met the same limit, and no second one.
    assert [type(fact) for fact in ends(state, "r3-a", Outcome.LIMITED, RATE)] == [
        ev.RunEnded,
        ev.TaskLimited,
    ]
    assert state.accounts["claude"].times == 1


def test_a_limit_without_a_time_is_tried_after_longer_and_longer() -> None:
    state = three_projects()
    minutes = []
    for n in range(7):
        starts(state, "t1", f"r{n + 1}-a")
        said = Limited(at="", kind="overload", reason="overloaded", until="gibberish")
        ends(state, f"r{n + 1}-a", Outcome.LIMITED, said)
        account = state.accounts["claude"]
        assert account.times == n + 1
        minutes.append(account.until[14:16])
    assert minutes == ["01", "02", "04", "08", "15", "15", "15"]
    happen(state, ev.AgentFree(agent="claude"))
    assert state.accounts["claude"].times == 0


def test_a_time_that_is_past_is_no_time() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    ends(state, "r1-a", Outcome.LIMITED, Limited(at="", kind="rate", reason="x", until=AT))
    assert state.accounts["claude"].until == "2026-01-01T12:01:00.000Z"


def test_without_a_login_nothing_starts_until_somebody_logs_in() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a")
    ends(state, "r1-a", Outcome.LIMITED, LOGIN)
    late = "2027-01-01T00:00:00.000Z"
    assert todo(state, late) == []
    assert "nobody is logged in" in why(state, "t2", late)
    assert "pmrunnerctl agent login claude" in why(state, "t2", late)
    evolve(state, ev.AgentLoggedIn(agent="claude", kind="token", by="anna"), SOON)
    assert todo(state, SOON) == [Start("t1")]
    starts(state, "t1", "r2-b", SOON)
    assert why(state, "t2", SOON) == "r2-b tries whether its login is good now"
    evolve(state, ev.AgentLimited(agent="claude", kind="login", reason="it expired"), SOON)
    evolve(state, ev.AgentLoggedOut(agent="claude", by="anna"), SOON)
    assert why(state, "t2", SOON) == "nobody is logged in; pmrunnerctl agent login claude"


def test_that_nobody_is_logged_in_is_said_once() -> None:
    state = three_projects()
    said = "cannot start agent claude: it is not logged in"
    evolve(state, ev.AgentLimited(agent="claude", kind="login", reason=said), SOON)
    account = state.accounts["claude"]
    assert limits.stands(account, SOON) == "nobody is logged in; pmrunnerctl agent login claude"


def test_a_login_that_is_no_good_is_told_with_what_its_owner_can_do() -> None:
    state = three_projects()
    evolve(state, ev.AgentLoggedIn(agent="claude", kind="own", by="anna"), SOON)
    evolve(state, ev.AgentLimited(agent="claude", kind="login", reason="401"), SOON)

    said = limits.stands(state.accounts["claude"], SOON)
    assert said == "its login is no good: 401; claude   # renews your login"
    evolve(state, ev.AgentLoggedIn(agent="claude", kind="token", by="anna"), SOON)
    evolve(state, ev.AgentLimited(agent="claude", kind="login", reason="401"), SOON)
    assert limits.stands(state.accounts["claude"], SOON).count("pmrunnerctl") == 1


def test_a_run_with_the_login_of_before_does_not_shut_out_the_one_of_now() -> None:
    state = three_projects()
    starts(state, "t1", "r1-a", NOON)
    evolve(state, ev.AgentLoggedIn(agent="claude", kind="token"), SOON)
    ends(state, "r1-a", Outcome.LIMITED, LOGIN, now=SOON)
    assert state.accounts["claude"].limit == ""
    assert todo(state, SOON) == [Start("t1"), Start("t2"), Start("t3")]


def test_a_login_that_ends_soon_is_told_once() -> None:
    state = three_projects()
    ends_at = "2026-01-05T12:00:00.000Z"
    happen(state, ev.AgentLoggedIn(agent="claude", kind="token", expires=ends_at))
    early, due = "2026-01-02T11:59:00.000Z", "2026-01-02T12:00:00.000Z"
    reminder = Remind("claude", ends_at)
    assert reminder not in todo(state, early)
    assert reminder in todo(state, due)
    happen(state, ev.AgentExpiring(agent="claude", expires=ends_at))
    assert reminder not in todo(state, due)
    assert state.accounts["claude"].expiring
    happen(state, ev.AgentLoggedIn(agent="claude", kind="token"))
    assert not state.accounts["claude"].expiring


def test_an_agent_that_no_provider_limits_has_no_account() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    assert dict(state.accounts) == {}


def test_a_task_that_waits_for_a_provider_is_tried_sooner_if_a_person_wants_it() -> None:
    state = happen(a_plan(), ev.ProjectChanged(project="w1", agent="claude"))
    with pytest.raises(IllegalTransition, match="cannot retry task t1: it is QUEUED"):
        decide.retry_task(state, "t1", "anna")
    limit = ev.AgentLimited(agent="claude", kind="rate", reason="busy", until="2027-01-01")
    happen(state, limit)
    sooner = ev.AgentRetried(agent="claude", by="anna")
    assert decide.retry_task(state, "t1", "anna") == (sooner,)
    assert decide.retry_task(happen(state, sooner), "t1", "anna") == ()


def test_a_failed_task_that_is_retried_has_its_provider_tried_too() -> None:
    state = happen(a_plan(), started("t1", "r1"), *failed("t1", "r1"))
    happen(state, ev.ProjectChanged(project="w1", agent="claude"))
    happen(state, ev.AgentLimited(agent="claude", kind="login", reason="x"))
    facts = decide.retry_task(state, "t1", "anna")
    assert ev.AgentRetried(agent="claude", by="anna") in facts
    assert ev.TaskRetried(task="t1", project="w1", by="anna") in facts
    assert decide.retry_task(happen(state, *facts), "t1", "anna") == ()

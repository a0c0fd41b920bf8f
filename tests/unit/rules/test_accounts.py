from pmrunnerd.model import events as ev
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts
from tests.unit.rules.life import AT, happen

LIMITED = ev.AgentLimited(agent="claude", kind="rate", reason="busy", until="2026-01-02", times=2)


def test_an_agent_without_an_account_has_an_empty_one() -> None:
    assert accounts.of(State(), "shell") == Account(id="shell")


def test_a_login_is_remembered_without_what_it_is() -> None:
    state = happen(
        State(), ev.AgentLoggedIn(agent="claude", kind="token", by="anna", expires="2027-01-01")
    )
    assert state.accounts["claude"] == Account(
        id="claude", login="token", by="anna", at=AT, expires="2027-01-01"
    )
    happen(state, ev.AgentLoggedOut(agent="claude", by="ben"))
    assert state.accounts["claude"] == Account(id="claude", by="ben", at=AT)


def test_the_reminder_of_a_login_that_is_no_more_is_none() -> None:
    state = happen(State(), ev.AgentLoggedIn(agent="claude", kind="token", expires="2027-01-01"))
    happen(state, ev.AgentExpiring(agent="claude", expires="2026-06-01"))
    assert not state.accounts["claude"].expiring


def test_a_login_that_is_a_person_s_own_has_ended_until_it_is_renewed() -> None:
    state = happen(State(), ev.AgentLoggedIn(agent="claude", kind="own"))
    happen(state, ev.AgentExpiring(agent="claude", expires="2026-06-01"))
    account = state.accounts["claude"]
    assert (account.expires, account.expiring) == ("2026-06-01", True)
    happen(state, ev.AgentRetried(agent="claude", by="anna"))
    assert state.accounts["claude"].expiring
    happen(state, ev.AgentRetried(agent="claude", by=""))
    account = state.accounts["claude"]
    assert (account.expires, account.expiring) == ("", False)


def test_a_limit_keeps_the_login_and_its_end_keeps_when_that_was() -> None:
    state = happen(State(), ev.AgentLoggedIn(agent="claude", kind="token", by="anna"), LIMITED)
    account = state.accounts["claude"]
    assert (account.login, account.limit, account.times) == ("token", "rate", 2)
    happen(state, ev.AgentFree(agent="claude"))
    assert state.accounts["claude"] == Account(
        id="claude", login="token", by="anna", at=AT, freed=AT
    )


def test_a_new_login_and_a_person_have_it_tried_at_once() -> None:
    for fact in (
        ev.AgentLoggedIn(agent="claude", kind="token"),
        ev.AgentRetried(agent="claude", by="anna"),
    ):
        state = happen(State(), LIMITED, fact)
        assert (state.accounts["claude"].limit, state.accounts["claude"].until) == ("rate", AT)


def test_what_is_not_limited_is_not_tried() -> None:
    state = happen(State(), ev.AgentRetried(agent="claude", by="anna"))
    assert state.accounts["claude"].until == ""

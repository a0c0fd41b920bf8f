"""What facts do to the accounts that agents have with their models' providers; `evolve` has the table."""

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.logins import Login
from pmrunnerd.model.state import State


def of(state: State, agent: str) -> Account:
    """Return what is known of an agent's account; most have none, and then nothing is."""
    return state.accounts.get(agent) or Account(id=agent)


def log_in(state: State, event: ev.AgentLoggedIn, at: str) -> None:
    account = replace(
        of(state, event.agent),
        login=event.kind,
        by=event.by,
        at=at,
        expires=event.expires,
        expiring=False,
    )
    # It may be the login of somebody else, whom nothing limits. One run is to see.
    state.accounts[event.agent] = _tried(account, at)


def log_out(state: State, event: ev.AgentLoggedOut, at: str) -> None:
    account = of(state, event.agent)
    state.accounts[event.agent] = replace(
        account, login="", by=event.by, at=at, expires="", expiring=False
    )


def expire(state: State, event: ev.AgentExpiring, _: str) -> None:
    account = of(state, event.agent)
    # Of a person's own nobody knows before when it ends.
    if account.expires == event.expires or account.login == Login.OWN.value:
        state.accounts[event.agent] = replace(account, expires=event.expires, expiring=True)


def limit(state: State, event: ev.AgentLimited, at: str) -> None:
    account = of(state, event.agent)
    state.accounts[event.agent] = replace(
        account,
        limit=event.kind,
        reason=event.reason,
        since=account.since or at,
        until=event.until,
        times=event.times,
        began=event.began,
        at_once=False,
        probe="",
    )


def retry(state: State, event: ev.AgentRetried, at: str) -> None:
    account = of(state, event.agent)
    if account.login == Login.OWN.value and not event.by:
        account = replace(account, expires="", expiring=False)
    state.accounts[event.agent] = _tried(account, at)


def free(state: State, event: ev.AgentFree, at: str) -> None:
    account = of(state, event.agent)
    state.accounts[event.agent] = replace(
        Account(id=account.id),
        login=account.login,
        by=account.by,
        at=account.at,
        expires=account.expires,
        expiring=account.expiring,
        freed=at,
    )


def start_run(state: State, event: ev.RunStarted) -> None:
    """The run that starts while a limit stands is the one that sees whether it is over."""
    account = of(state, event.agent)
    if account.limit:
        state.accounts[event.agent] = replace(account, probe=event.run)


def end_run(state: State, agent: str, run: str) -> None:
    account = of(state, agent)
    if account.probe == run:
        state.accounts[agent] = replace(account, probe="")


def _tried(account: Account, at: str) -> Account:
    return replace(account, until=at, at_once=True, probe="") if account.limit else account

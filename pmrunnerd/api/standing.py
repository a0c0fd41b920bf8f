"""How agents stand with their models' providers, as people see it: in the inbox, status and doctor."""

from collections.abc import Iterator

from pmrunnerd.model import views as v
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.checkup import Check
from pmrunnerd.model.entities import Task, TaskState
from pmrunnerd.model.logins import Login
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, limits

_KIND = "login"


def limited(state: State, now: str) -> tuple[str, ...]:
    """Say of each agent that starts nothing why that is so."""
    return tuple(f"{account.id}: {why}" for account, why in _limits(state, now))


def checks(state: State, now: str) -> tuple[Check, ...]:
    """Return the limits that stand; what only a person ends is a problem."""
    return tuple(_check(account, why) for account, why in _limits(state, now))


def wanted(state: State) -> tuple[v.InboxItem, ...]:
    """Return the logins that a person is to see to: by facts alone, whatever the time is."""
    return tuple(
        _item(account)
        for account in state.accounts.values()
        if account.expiring or account.limit == limits.LOGIN
    )


def wants_login(state: State, task: Task) -> bool:
    """Tell whether a task waits for what only a person can do: a login."""
    account = accounts.of(state, limits.agent_of(state, task))
    waits = account.limit == limits.LOGIN and not account.until
    return waits and task.state is TaskState.QUEUED


def number_of(item: v.InboxItem) -> int:
    """Return the number by which things of one moment are in order; an agent has none."""
    return 0 if item.kind == _KIND else number(item.id)


def _limits(state: State, now: str) -> Iterator[tuple[Account, str]]:
    for account in state.accounts.values():
        if why := limits.stands(account, now):
            yield account, why


def _check(account: Account, why: str) -> Check:
    needed = account.limit == limits.LOGIN
    return Check(
        name=f"{account.id} limit",
        state="problem" if needed else "warning",
        found=why,
        hint=limits.remedy(account) if needed else f"pmrunnerctl agent show {account.id}",
    )


def _item(account: Account) -> v.InboxItem:
    needed = account.limit == limits.LOGIN
    ends = "expired" if account.login == Login.OWN else "expires"
    waits = f"nothing of {account.id} starts: {limits.cause(account) or limits.NOBODY}"
    return v.InboxItem(
        kind=_KIND,
        id=account.id,
        project="",
        alias="",
        task="",
        text=waits if needed else f"the login of {account.id} {ends} at {account.expires}",
        options=(),
        at=account.since if needed else account.at,
        command=limits.remedy(account),
    )

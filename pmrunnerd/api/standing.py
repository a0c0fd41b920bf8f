"""How agents stand with their models' providers, and backups: what a person is to see to beside work."""

from collections.abc import Iterator

from pmrunnerd.model import views as v
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.checkup import Check
from pmrunnerd.model.entities import Project, Task, TaskState
from pmrunnerd.model.logins import Login
from pmrunnerd.model.naming import number
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, limits

_KIND = "login"
_BACKUP = "backup"
_NOTIFY = "notify"
_OPEN = frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.AWAITING_RESPONSE})


def limited(state: State, now: str) -> tuple[str, ...]:
    """Say of each agent that is used and starts nothing why that is so."""
    return tuple(f"{account.id}: {why}" for account, why in _limits(state, now))


def checks(state: State, now: str) -> tuple[Check, ...]:
    """Return the limits that stand; what only a person ends is a problem."""
    return tuple(_check(account, why) for account, why in _limits(state, now))


def wanted(state: State, project: Project | None = None) -> tuple[v.InboxItem, ...]:
    """Return the logins that a person is to see to: by facts alone, whatever the time is.

    And that there is no archive of the state, where one was to be made, or that nobody could be
    notified. Of a project, if one is
    given, only the logins that it uses.
    """
    logins = tuple(
        _item(account)
        for account in state.accounts.values()
        if (account.expiring or account.limit == limits.LOGIN)
        and _is_used(state, account.id, project)
    )
    return (*logins, *_of_all(state)) if project is None else logins


def _of_all(state: State) -> Iterator[v.InboxItem]:
    at, why = state.unsaved
    if at:
        command = "pmrunnerctl state backup pm-runner.tar.gz"
        yield _failed(_BACKUP, at, f"the state was not backed up: {why}", command)
    at, why = state.unnotified
    if at:
        text = f"nobody could be notified: {why}"
        yield _failed(_NOTIFY, at, text, "pmrunnerctl notify test")


def wants_login(state: State, task: Task) -> bool:
    """Tell whether a task waits for what only a person can do: a login."""
    account = accounts.of(state, limits.agent_of(state, task))
    waits = account.limit == limits.LOGIN and not account.until
    return waits and task.state is TaskState.QUEUED


def number_of(item: v.InboxItem) -> int:
    """Return the number by which things of one moment are in order; an agent has none."""
    return 0 if item.kind in {_KIND, _BACKUP, _NOTIFY} else number(item.id)


def _limits(state: State, now: str) -> Iterator[tuple[Account, str]]:
    for account in state.accounts.values():
        if (why := limits.stands(account, now)) and _is_used(state, account.id):
            yield account, why


def _is_used(state: State, agent: str, only: Project | None = None) -> bool:
    """Tell whether a project has an agent, or work that is not over is of it: else nobody misses it."""
    projects = state.projects.values() if only is None else (only,)
    return any(one.agent == agent and not one.removed for one in projects) or any(
        task.state in _OPEN
        and limits.agent_of(state, task) == agent
        and (only is None or task.project == only.id)
        for task in state.tasks.values()
    )


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


def _failed(kind: str, at: str, text: str, command: str) -> v.InboxItem:
    return v.InboxItem(
        kind=kind,
        id=kind,
        project="",
        alias="",
        task="",
        text=text,
        options=(),
        at=at,
        command=command,
    )

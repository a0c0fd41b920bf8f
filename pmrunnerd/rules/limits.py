"""What a provider's limit means: who waits until when, who tries first, and when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.entities import Run, Task
from pmrunnerd.model.logins import Login
from pmrunnerd.model.progress import Limited
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts

LOGIN: Final = "login"
NOBODY: Final = "nobody is logged in"
# Minutes to wait where a provider does not say how long: twice as long each time, and at most this.
_LONGEST: Final = 15
# Days before the end of a login at which a person is told.
_NOTICE: Final = 3
# Minutes after a limit in which runs begin one after the other: all at once would meet it again.
_CAREFUL: Final = 10
_UNKNOWN: Final = Limited(at="", kind="rate", reason="it did not say why")


def agent_of(state: State, task: Task) -> str:
    """Return the agent that a task's next run is of."""
    # A plan is worked on by who made it: another one may not even read it the same way.
    return state.plans[task.plan].agent or state.projects[task.project].agent


def met(state: State, run: Run, said: Limited | None, now: str) -> tuple[ev.AnyEvent, ...]:
    """Return the facts of a run that met a limit: of its task, and of all that its agent does."""
    account, said = accounts.of(state, run.agent), said or _UNKNOWN
    # Who was under way when a limit was met says nothing of when that is over; or has a login of before.
    meanwhile = bool(account.limit) and account.probe != run.id
    times = account.times if meanwhile else account.times + 1
    until = "" if said.kind == LOGIN else _until(said.until, now, times)
    task = ev.TaskLimited(task=run.task, project=run.project, reason=said.reason, until=until)
    had_another = said.kind == LOGIN and bool(account.login) and run.at < account.at
    if had_another or (meanwhile and _is_covered(account, said.kind, until)):
        return (task,)
    limited = ev.AgentLimited(
        agent=run.agent,
        kind=said.kind,
        reason=said.reason,
        until=until,
        times=times,
        began=run.at,
    )
    return task, limited


def answered(state: State, run: Run) -> tuple[ev.AgentFree, ...]:
    """Return the fact that a limit is over, where the run whose model answered is its probe."""
    account = accounts.of(state, run.agent)
    return (ev.AgentFree(agent=run.agent),) if account.limit and account.probe == run.id else ()


def _is_covered(account: Account, kind: str, until: str) -> bool:
    """Tell whether a limit that stands lasts as long as another one."""
    if kind == LOGIN:
        return account.limit == LOGIN
    return not account.until or until <= account.until


def stands(account: Account, now: str) -> str:
    """Say why nothing of an agent may start, not even one run; empty where one may."""
    if not account.limit:
        return ""
    if not account.until:
        known = "its login is no good" if account.login else NOBODY
        why = f": {said}" if (said := cause(account)) else ""
        return f"{known}{why}; {remedy(account)}"
    if account.until > now:
        until = _spelled(account.until, now)
        return f"limited by the provider until {until}, one probe first: {account.reason}"
    if account.probe and account.limit == LOGIN:
        return f"{account.probe} tries whether its login is good now"
    if account.probe:
        return f"limited by the provider: {account.probe} tries whether that is over"
    return ""


def cause(account: Account) -> str:
    """Return why a login is wanted; empty where that there is none says all of it."""
    # Who logged out ended what the login of before was wanted for.
    if not account.login and (account.by or "not logged in" in account.reason.lower()):
        return ""
    return account.reason.removeprefix(f"cannot start agent {account.id}: ")


def remedy(account: Account) -> str:
    """Return what to type for a login that is wanted: a person's own is renewed by its owner."""
    own = account.login == Login.OWN
    return "claude   # renews your login" if own else f"pmrunnerctl agent login {account.id}"


def was_over_lately(account: Account, now: str) -> bool:
    """Tell whether an agent's limit was over so lately that not all may begin at once."""
    if not account.freed:
        return False
    return now < _text(_time(account.freed) + timedelta(minutes=_CAREFUL))


def expiring(state: State, now: str) -> list[ev.AgentExpiring]:
    """Return the logins that end soon, and of which nobody was told."""
    if not state.accounts or not now:
        return []
    soon = _text(_time(now) + timedelta(days=_NOTICE))
    return [
        ev.AgentExpiring(agent=account.id, expires=account.expires)
        for account in state.accounts.values()
        if account.login and account.expires and account.expires <= soon and not account.expiring
    ]


def _until(said: str, now: str, times: int) -> str:
    """Return when to try again: when the provider says, or after a while where it says nothing."""
    try:
        until = _text(_time(said)) if said else ""
    except (ValueError, OverflowError):
        until = ""
    if until > now:
        return until
    minutes = min(2 ** min(times - 1, 10), _LONGEST)
    return _text(_time(now) + timedelta(minutes=minutes))


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _text(time: datetime) -> str:
    """Spell a time as facts have it, so that the later one is the greater text."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def _spelled(until: str, now: str) -> str:
    day, _, clock = until.partition("T")
    today = now.startswith(day)
    return f"{clock[:5]} UTC" if today else f"{day} {clock[:5]} UTC"

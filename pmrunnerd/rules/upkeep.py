"""What is recorded of an environment as a whole: whether it drains, and whether it was saved."""

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State

Facts = tuple[ev.AnyEvent, ...]


def drain(state: State, by: str) -> Facts:
    """Let no more runs begin."""
    return () if state.draining else (ev.Drained(by=by),)


def end_drain(state: State, by: str) -> Facts:
    """Let runs begin again."""
    return (ev.DrainEnded(by=by),) if state.draining else ()


def back_up(state: State, failed: str) -> Facts:
    """Remember why a regular archive was not made, until one is."""
    if failed:
        return (ev.BackupFailed(reason=failed),)
    return (ev.BackedUp(),) if any(state.unsaved) else ()

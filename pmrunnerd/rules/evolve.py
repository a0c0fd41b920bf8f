"""Folds one fact into a state: the only function that writes to a `State`.

It checks what the tables of `transitions` and the identifiers say, and nothing else: whether a
fact was wise is decided before it is recorded, in `decide` and `agenda`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.rules import accounts, lineage, talk, work
from pmrunnerd.rules.counts import count
from pmrunnerd.rules.gates import gatings
from pmrunnerd.rules.promotion import promotions


def evolve(state: State, event: ev.AnyEvent, at: str) -> None:
    """Record one fact that happened at `at`.

    Raises IllegalTransition where the tables forbid it and NotFound where it names something that
    is not there; the state may then be half changed, so have it `written`, or on `trial`.
    """
    _FOLD[type(event)](state, event, at)


def _start(state: State, event: ev.DaemonStarted, at: str) -> None:
    state.about["release"] = event.release
    lineage.found(state, at)


def _drain(state: State, event: ev.Drained, _: str) -> None:
    state.about["draining"] = event.by or "somebody"


def _end_drain(state: State, _: ev.DrainEnded | ev.DaemonStopped, __: str) -> None:
    _forget(state, "draining")


def _fail_backup(state: State, event: ev.BackupFailed, at: str) -> None:
    state.about["unsaved"], state.about["unsaved-at"] = event.reason, at


def _back_up(state: State, _: ev.BackedUp, __: str) -> None:
    _forget(state, "unsaved", "unsaved-at")


def _begin_notifying(state: State, event: ev.NotificationsBegan, _: str) -> None:
    state.about["notified"] = str(event.upto)


def _notify(state: State, event: ev.NotificationSent, _: str) -> None:
    state.about["notified"] = str(event.upto)
    _forget(state, "unnotified", "unnotified-at")


def _fail_to_notify(state: State, event: ev.NotificationFailed, at: str) -> None:
    state.about["unnotified"], state.about["unnotified-at"] = event.reason, at


def _end_notifying(state: State, _: ev.NotificationsEnded, __: str) -> None:
    _forget(state, "notified", "unnotified", "unnotified-at")


def _forget(state: State, *keys: str) -> None:
    for key in keys:
        if key in state.about:
            del state.about[key]


def _restore(state: State, event: ev.StateRestored, _: str) -> None:
    lineage.branch(state, event.kept, event.commits)


def _lose(state: State, event: ev.CommitLost, _: str) -> None:
    for identifier in event.minted:
        count(state, identifier)


_FOLD: Final[Mapping[type[ev.AnyEvent], Callable[[State, Any, str], None]]] = {
    ev.DaemonStarted: _start,
    ev.DaemonStopped: _end_drain,
    ev.Drained: _drain,
    ev.DrainEnded: _end_drain,
    ev.BackupFailed: _fail_backup,
    ev.BackedUp: _back_up,
    ev.NotificationsBegan: _begin_notifying,
    ev.NotificationSent: _notify,
    ev.NotificationFailed: _fail_to_notify,
    ev.NotificationsEnded: _end_notifying,
    ev.CommitLost: _lose,
    ev.StateRestored: _restore,
    ev.ProjectAdded: talk.add_project,
    ev.ProjectChanged: talk.change_project,
    ev.ProjectRemoved: talk.remove_project,
    ev.MessagePosted: talk.post,
    ev.PlanDrafted: talk.draft_plan,
    ev.PlanBegun: talk.begin_plan,
    ev.PlanProposed: talk.propose_plan,
    ev.PlanEdited: talk.edit_plan,
    ev.PlanRefused: talk.refuse_plan,
    **dict.fromkeys(get_args(ev.PlanEvent), talk.move_plan),
    **dict.fromkeys(get_args(ev.TaskEvent), work.move_task),
    ev.RunStarted: work.start_run,
    ev.RunBegan: work.begin_run,
    ev.RunEnded: work.end_run,
    ev.LeftoversKept: work.keep,
    ev.RunPruned: work.prune,
    ev.AgentLoggedIn: accounts.log_in,
    ev.AgentLoggedOut: accounts.log_out,
    ev.AgentExpiring: accounts.expire,
    ev.AgentLimited: accounts.limit,
    ev.AgentRetried: accounts.retry,
    ev.AgentFree: accounts.free,
    ev.GateRunRequested: gatings.request,
    **dict.fromkeys(get_args(ev.GateEvent), gatings.move),
    ev.DifferencesAccepted: gatings.accept,
    ev.PromotionRequested: promotions.request,
    **dict.fromkeys(get_args(ev.PromotionFact), promotions.move),
    ev.TaskAsked: work.ask,
    ev.QuestionAnswered: work.answer,
    ev.TaskCancelRequested: work.request_cancel,
}

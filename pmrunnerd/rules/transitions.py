"""Which fact may follow which state. If a pair is not in a table, it cannot happen.

Rules of this file: everything that moves a plan, a task, a gate run or a promotion is in these tables; a state without
a way out has a row too; a pair that is missing raises and changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.model.errors import IllegalTransition
from pmrunnerd.model.gates import GatingState
from pmrunnerd.model.promotions import PromotionState

S = TypeVar("S", bound=StrEnum)
Table = Mapping[S, Mapping[type[ev.Event], S]]

PLAN: Final[Table[PlanState]] = {
    PlanState.DRAFT: {
        ev.PlanProposed: PlanState.DRAFT,
        ev.PlanSubmitted: PlanState.AWAITING_APPROVAL,
        ev.PlanApproved: PlanState.ACTIVE,
        ev.PlanFailed: PlanState.ERROR,
        ev.PlanCancelled: PlanState.CANCELLED,
    },
    PlanState.AWAITING_APPROVAL: {
        ev.PlanEdited: PlanState.AWAITING_APPROVAL,
        ev.PlanApproved: PlanState.ACTIVE,
        ev.PlanRejected: PlanState.REJECTED,
        ev.PlanCancelled: PlanState.CANCELLED,
    },
    PlanState.ACTIVE: {
        ev.PlanCompleted: PlanState.COMPLETE,
        ev.PlanFailed: PlanState.ERROR,
        ev.PlanCancelled: PlanState.CANCELLED,
    },
    PlanState.ERROR: {
        ev.PlanReopened: PlanState.ACTIVE,
        ev.PlanningReopened: PlanState.DRAFT,
        ev.PlanCancelled: PlanState.CANCELLED,
    },
    PlanState.CANCELLED: {
        ev.PlanReopened: PlanState.ACTIVE,
        ev.PlanningReopened: PlanState.DRAFT,
    },
    PlanState.COMPLETE: {},
    PlanState.REJECTED: {},
}

TASK: Final[Table[TaskState]] = {
    TaskState.QUEUED: {
        ev.RunStarted: TaskState.RUNNING,
        ev.CheckBegan: TaskState.RUNNING,
        ev.TaskCancelled: TaskState.CANCELLED,
    },
    TaskState.RUNNING: {
        ev.TaskCompleted: TaskState.COMPLETE,
        ev.TaskFailed: TaskState.ERROR,
        ev.TaskCancelled: TaskState.CANCELLED,
        ev.TaskAsked: TaskState.AWAITING_RESPONSE,
        ev.TaskInterrupted: TaskState.QUEUED,
        ev.TaskLimited: TaskState.QUEUED,
        ev.TaskHeld: TaskState.QUEUED,
        ev.TaskSentBack: TaskState.QUEUED,
        ev.TaskMended: TaskState.QUEUED,
    },
    TaskState.AWAITING_RESPONSE: {
        ev.TaskAnswered: TaskState.QUEUED,
        ev.TaskCancelled: TaskState.CANCELLED,
    },
    TaskState.ERROR: {
        ev.TaskRetried: TaskState.QUEUED,
        ev.TaskCancelled: TaskState.CANCELLED,
    },
    TaskState.CANCELLED: {
        ev.TaskRetried: TaskState.QUEUED,
    },
    TaskState.COMPLETE: {},
}

GATING: Final[Table[GatingState]] = {
    GatingState.QUEUED: {
        ev.GateRunStarted: GatingState.RUNNING,
        ev.GateRunRefused: GatingState.REFUSED,
        ev.GateRunCancelled: GatingState.CANCELLED,
    },
    GatingState.RUNNING: {
        ev.GateStarted: GatingState.RUNNING,
        ev.GateEnded: GatingState.RUNNING,
        ev.GateAttested: GatingState.RUNNING,
        ev.GateRunCancelRequested: GatingState.RUNNING,
        ev.GateRunEnded: GatingState.ENDED,
        ev.GateRunCancelled: GatingState.CANCELLED,
        ev.GateRunInterrupted: GatingState.INTERRUPTED,
    },
    GatingState.ENDED: {
        ev.GateAttested: GatingState.ENDED,
        ev.GateRunSeen: GatingState.ENDED,
    },
    GatingState.REFUSED: {ev.GateRunSeen: GatingState.REFUSED},
    GatingState.CANCELLED: {},
    GatingState.INTERRUPTED: {ev.GateRunSeen: GatingState.INTERRUPTED},
}

PROMOTION: Final[Table[PromotionState]] = {
    PromotionState.REQUESTED: {
        ev.PromotionStepped: PromotionState.UNDER_WAY,
        ev.PromotionRefused: PromotionState.REFUSED,
    },
    PromotionState.UNDER_WAY: {
        ev.PromotionStepped: PromotionState.UNDER_WAY,
        ev.PromotionOpened: PromotionState.ON_TRIAL,
        ev.PromotionRefused: PromotionState.REFUSED,
        ev.PromotionFailed: PromotionState.FAILED,
    },
    PromotionState.ON_TRIAL: {
        ev.PromotionStepped: PromotionState.ON_TRIAL,
        ev.PromotionReturning: PromotionState.RETURNING,
        ev.PromotionConfirmed: PromotionState.CONFIRMED,
        # Where nothing of it had started yet, or the package's code was quicker than who watches.
        ev.PromotionReturned: PromotionState.RETURNED,
        # It was to be on trial, and whoever switches said no.
        ev.PromotionRefused: PromotionState.REFUSED,
        ev.PromotionFailed: PromotionState.FAILED,
    },
    PromotionState.RETURNING: {
        ev.PromotionStepped: PromotionState.RETURNING,
        ev.PromotionReturned: PromotionState.RETURNED,
        ev.PromotionFailed: PromotionState.FAILED,
    },
    PromotionState.CONFIRMED: {},
    PromotionState.RETURNED: {ev.PromotionEndSeen: PromotionState.RETURNED},
    PromotionState.REFUSED: {ev.PromotionEndSeen: PromotionState.REFUSED},
    PromotionState.FAILED: {ev.PromotionEndSeen: PromotionState.FAILED},
}

DEED: Final[Mapping[type[ev.Event], str]] = {
    ev.PlanApproved: "approve",
    ev.PlanEdited: "edit",
    ev.PlanRejected: "reject",
    ev.PlanCancelled: "cancel",
    ev.TaskCancelled: "cancel",
    ev.TaskRetried: "retry",
    ev.RunStarted: "start",
    ev.GateRunStarted: "start",
    ev.GateRunCancelled: "cancel",
    ev.GateRunCancelRequested: "cancel",
    ev.GateAttested: "attest a gate of",
    ev.GateRunSeen: "have seen",
    ev.PromotionEndSeen: "have seen",
}


def step(table: Table[S], what: str, state: S, event: ev.Event) -> S:
    """Return the state after an event; raise IllegalTransition where the table has no such row."""
    try:
        return table[state][type(event)]
    except KeyError:
        deed = DEED.get(type(event), f"record {type(event).__name__} of")
        noun, *_, name = what.split(" ")
        raise IllegalTransition(
            f"cannot {deed} {what}: it is {state}", hint=f"pmrunnerctl {noun} show {name}"
        ) from None


def mermaid(table: Table[S]) -> str:
    """Draw a table as a Mermaid state diagram, for the README of this room."""
    arrows = (
        f"    {before} --> {after}: {event.__name__}"
        for before, row in table.items()
        for event, after in row.items()
    )
    return "\n".join(["stateDiagram-v2", *arrows])

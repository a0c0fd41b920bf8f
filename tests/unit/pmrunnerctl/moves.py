"""Promotions as a daemon tells of them, and what happens of one."""

from typing import Any

from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.gates import Difference, Differences
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.promotions import Promotion, PromotionState
from pmrunnerd.model.views import Prerequisite
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.rules.gates import tries

AT = "2026-11-24T11:30:05.000Z"
SEAL = "e" * 64
PROMOTION = Promotion(
    id="x1-4f2a",
    project="w1",
    deed=Deed.PROMOTE,
    environment="prod",
    release="1.1-b",
    previous="1.0-a",
    commit="c" * 40,
    seal=SEAL,
    state=PromotionState.CONFIRMED,
    by="anna",
    asked=AT,
    at=AT,
    step="confirmed",
    lines=8,
)
ABOUT: dict[str, Any] = {"promotion": "x1-4f2a", "project": "w1"}
STEPS: tuple[ev.AnyEvent, ...] = (
    ev.PromotionStepped(promotion="x1-4f2a", project="w1", step="begun"),
    ev.PromotionStepped(promotion="x9-0000", project="w1", step="signed"),
    ev.PromotionStepped(promotion="x1-4f2a", project="w1", step="polished", reason="by hand"),
    ev.PromotionOpened(promotion="x1-4f2a", project="w1"),
)
OVER = ev.PromotionConfirmed(promotion="x1-4f2a", project="w1")
PLAN = v.PromotionPlan(
    alias="runner",
    environment="prod",
    commit="c" * 40,
    source="5" * 64,
    checklist=(
        Prerequisite(name="gates", met=True, said="all 2 passed"),
        Prerequisite(
            name="approval",
            met=False,
            said="nobody has approved it",
            remedies=(f"pmrunnerctl promote runner --approve {SEAL}",),
        ),
    ),
    ready=True,
    release="1.1-b",
    running="1.0-a",
    seal=SEAL,
    section="## 5555 All of it\n\nI looked.\n",
    changes=v.ChangesView(
        base="b" * 40,
        commits=(v.NewCommit(id="d" * 40, subject="It is better", author="Anna"),),
        commits_more=2,
        files=(v.NewPath(path="a.py", kind="modified", added=3, removed=1),),
    ),
    gates=(tries.result("lint"),),
    weaker=v.WeakerView(
        run="g1",
        alias="runner",
        before="release 1.0-a",
        differences=Differences(
            digest="d", found=(Difference(gate="unit", words="gate unit is gone"),)
        ),
    ),
    level=1,
    release_level=2,
    restarts=("pm-runner@prod.service",),
)


def row(**others: object) -> v.PromotionRow:
    return v.PromotionRow(promotion=replace(PROMOTION, **others), alias="runner")


def following(daemon: FakeDaemon, *facts: ev.AnyEvent, came_to: v.PromotionRow) -> None:
    """Have a promotion begin, and these facts happen of it and of others."""
    daemon.answers[p.Status] = samples.overview()
    going = row(state=PromotionState.REQUESTED)
    daemon.answers[p.PromotionShow] = [going, came_to]
    for request in (p.Promote, p.Rollback, p.Try, p.PromotionResume):
        daemon.answers[request] = p.Done(id="x1-4f2a")
    happenings = [v.Happening(cursor=n, at=AT, facts=(fact,)) for n, fact in enumerate(facts, 8)]
    daemon.answers[p.Events] = Stream(happenings, reason=None)

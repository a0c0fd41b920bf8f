"""Promotes: looks how far it has come, does what comes next, and looks again, until there is an end.

So whoever starts after a kill does what the one before would have done. What is on trial and cannot be seen to prove
itself goes back, whatever the reason.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from pmrunnerd.model.errors import PmError, Refused, in_words
from pmrunnerd.model.promotion import ENDS, Deed, Ending, Step, Stepped
from pmrunnerd.rules.promotion import course
from pmrunnerd.rules.promotion.course import Act, Runs
from pmrunnerd.rules.promotion.course import Trial as State
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion import trials
from pmrunnerd.services.promotion.records import Record
from pmrunnerd.services.promotion.trials import Trial
from pmrunnerd.services.promotion.vetting import Vetting
from pmrunnerd.services.promotion.watching import Hands, Probation, Watcher
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk

log = logging.getLogger(__name__)

# Seconds until a return that failed is tried again, once.
_AGAIN: Final = 0.2
# What goes back to, or is tried as dev, may be older than canaries are.
_OWES = frozenset({Deed.PROMOTE, Deed.UPGRADE})


class Switching(Protocol):
    """What alone touches `dist`; each returns why it did not."""

    async def begin(self, name: str, candidate: str) -> str: ...
    async def confirm(self, name: str) -> str: ...
    async def take_back(self, name: str, reason: str) -> str: ...


Rehearse = Callable[[Shelf, str, str, Path, Path], Awaitable[tuple[str, ...]]]


class Means(Struct, frozen=True, kw_only=True):
    """With what one promotes in an environment. `sign` signs for the draft of that name."""

    shelf: Shelf
    disk: Disk
    clock: Clock
    vetting: Vetting
    launcher: Switching
    hands: Hands
    watcher: Watcher
    rehearse: Rehearse
    sign: Callable[[str], object]


class Promoter:
    """Carries one promotion to its end."""

    def __init__(self, means: Means, record: Record) -> None:
        self._means, self._record = means, record
        self._order = record.order
        state, _ = self._sight()
        self._counted = list(course.counted(record.steps, state))
        self._lost = ""
        self._acts: dict[Act, Callable[[], Awaitable[None]]] = {
            Act.BEGIN: self._begin,
            Act.SIGN: self._sign,
            Act.REHEARSE: self._rehearse,
            Act.OPEN: self._open,
            Act.RESTART: self._restart,
            Act.WATCH: self._watch,
            Act.RETURN: self._return,
            Act.VERIFY: self._verify,
            Act.CONFIRM: self._confirm,
            Act.GIVE_UP: self._give_up,
        }

    async def run(self) -> Ending:
        """Go on until it has ended, and return how."""
        while (act := self._next()) is not Act.REST:
            try:
                await self._acts[act]()
            except Exception as exc:  # noqa: BLE001 - whatever it is, what is on trial goes back
                self._failed(act, exc)
        with contextlib.suppress(OSError):  # what is left of it is in nobody's way
            self._record.forget_papers()
        return ENDS[self._counted[-1]]

    def _next(self) -> Act:
        state, runs = self._sight()
        return course.next_act(self._order.deed, self._counted, state, runs, lost=bool(self._lost))

    def _trial(self) -> Trial | None:
        found = trials.read(self._means.shelf.root, self._order.environment)
        return found if found and found.id == self._order.id else None

    def _sight(self) -> tuple[State, Runs]:
        trial = self._trial()
        if trial is None:
            return State.NONE, Runs.PREVIOUS
        return State(trial.state), trial.runs(self._means.shelf.pointed())

    def _failed(self, act: Act, exc: Exception) -> None:
        if not isinstance(exc, PmError | OSError):
            log.error("%s of promotion %s", act, self._order.id, exc_info=exc)
        why = in_words(exc) if isinstance(exc, OSError) else str(exc) or repr(exc)
        if act in course.HARMLESS and self._sight()[0] is State.NONE:
            hint = f"\n  hint: {exc.hint}" if isinstance(exc, PmError) and exc.hint else ""
            self._end(Step.REFUSED, f"{why}{hint}")
        elif act in {Act.RESTART, Act.WATCH, Act.OPEN}:
            self._lost = why
        else:
            self._end(Step.FAILED, why)

    def _note(self, step: Step, why: str = "", release: str = "") -> None:
        """Write down a step, once, and have it count. Raises OSError."""
        if step not in self._record.steps:
            at = self._means.clock.posix()
            self._record.note(Stepped(step=step, at=at, why=why, release=release))
            self._tell(step, why)
        self._counted.append(step)

    def _end(self, step: Step, why: str = "", release: str = "") -> None:
        try:
            self._note(step, why, release)
        except OSError as exc:
            # It has ended all the same; whoever comes next finds the same, and writes it down.
            why = f"{why} (which cannot be written down: {in_words(exc)})".strip()
            self._tell(step, why)
            self._counted.append(step)

    def _tell(self, step: Step, why: str) -> None:
        order = self._order
        fields = {"promotion": order.id, "step": step, "deed": order.deed, "release": order.release}
        fields |= {"why": why} if why else {}
        match step:
            case Step.CONFIRMED:
                log.info("trial-confirmed", extra={"fields": fields})
            case Step.RETURNED:
                log.warning("trial-returned", extra={"fields": fields})
            case Step.REFUSED:
                log.warning("trial-refused", extra={"fields": fields})
            case Step.FAILED:
                log.error("trial-failed", extra={"fields": fields})
            case _:
                log.info("trial-stepped", extra={"fields": fields})

    # What is done, one for each act

    async def _begin(self) -> None:
        self._note(Step.BEGUN)

    async def _sign(self) -> None:
        means = self._means
        means.vetting.must_hold(self._order)
        means.vetting.lay(self._record, means.disk)
        await asyncio.to_thread(means.sign, self._order.id)
        self._note(Step.SIGNED)

    async def _rehearse(self) -> None:
        order, means = self._order, self._means
        if order.deed is Deed.UPGRADE:
            # Nothing was signed before: what the package does not bring is not even tried.
            means.vetting.must_hold(order)
        found = await means.rehearse(
            means.shelf, order.environment, order.release, means.vetting.state, self._record.place
        )
        if found:
            each = "".join(f"\n  {one}" for one in found)
            raise Refused(f"cannot promote {order.release}: its rehearsal went otherwise:{each}")
        self._note(Step.REHEARSED)

    async def _open(self) -> None:
        order, means = self._order, self._means
        # As it is now: a rehearsal takes its time.
        means.vetting.must_hold(order)
        self._note(Step.OPENED, release=means.shelf.pointed())
        why = await means.launcher.begin(order.id, order.release)
        state, runs = self._sight()
        if state is State.NONE:
            raise Refused(f"cannot {order.deed} {order.release}: {why}")
        if why or runs is not Runs.CANDIDATE:
            self._lost = why or "was not switched to"
            return
        self._note(Step.SWITCHED)

    async def _restart(self) -> None:
        self._note(Step.RESTARTED)
        if why := await self._means.hands.restart():
            log.warning("restart of %s: %s", self._order.environment, why)

    async def _watch(self) -> None:
        order, means = self._order, self._means
        probation = Probation(
            release=order.release,
            length=order.probation,
            on_trial=lambda: self._sight() == (State.OPEN, Runs.CANDIDATE),
            has_a_try=lambda: bool((trial := self._trial()) and trial.left),
            well=lambda: self._note(Step.HEALTHY),
            owes_a_canary=order.deed in _OWES,
        )
        found = await means.watcher.proved(probation)
        if found is not None:
            self._lost = found or await means.launcher.confirm(order.id)

    async def _return(self) -> None:
        order, why = self._order, self._lost or "was cut off in its promotion"
        with contextlib.suppress(OSError):  # no room to say why is no reason to stay
            self._note(Step.RETURNING, why)
        refusal = await self._means.launcher.take_back(order.id, why)
        if refusal and self._sight()[0] is State.OPEN:
            # What a disk says once it may not say again, and there is no other way.
            await asyncio.sleep(_AGAIN)
            refusal = await self._means.launcher.take_back(order.id, why)
        if refusal and self._sight()[0] is State.OPEN:
            raise PmError(f"cannot return from {order.release}: {refusal}")
        if self._sight() == (State.OPEN, Runs.PREVIOUS):  # there was no room to write it down
            await self._verify()

    async def _verify(self) -> None:
        trial = self._trial()
        assert trial is not None  # it is what we come from
        found = await self._means.watcher.back(trial.previous)
        if found is None:
            self._end(Step.RETURNED, f"{trial.why}; it was stopped by somebody, and stays so")
        elif found:
            self._end(Step.FAILED, f"{trial.previous} is back, and not well: {found}")
        else:
            self._end(Step.RETURNED, trial.why, trial.previous)

    async def _confirm(self) -> None:
        self._end(Step.CONFIRMED, release=self._order.release)

    async def _give_up(self) -> None:
        runs = self._means.shelf.pointed() or "nothing"
        why = "somebody switched" if self._trial() else "nothing tells any more what was on trial"
        self._end(Step.FAILED, f"{why}, and {self._order.environment} runs {runs}")

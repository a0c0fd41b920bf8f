"""Has root move a release, and tells what root writes down of it, to its end.

Intend, act, settle: the fact first, then the order, then root's unit. Whatever root has written down is told once, by
its line, whichever daemon reads it: in the middle of a promotion it is another one.
"""

import asyncio
import contextlib
import logging
from typing import Final

import msgspec

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.model.promotion import Order
from pmrunnerd.model.promotions import Promotion, PromotionState
from pmrunnerd.rules.promotion import promotions
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion.asking import Orders, Root
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

TICK: Final = 0.25
# The manager, to whom a question is a process, is asked once in so many looks.
RARELY: Final = 4
# Seconds in which root must have taken up an order, or written down why not.
GRACE: Final = 10.0
# How often it is started again that fell silent in the middle; then a person has to.
TRIES: Final = 2
# Between two looks at one that met trouble of ours, or a bug.
PAUSE: Final = 2.0
BUG: Final = 60.0


class _Tries:
    """How often one was started, and when; and when it was last asked whether anybody is at work on it."""

    def __init__(self) -> None:
        self.starts = 0
        self.started = 0.0
        self.asked = -BUG


class Promotions:
    """Carries the one promotion that a state has. `stuck` says of which root fell silent, and why."""

    def __init__(  # noqa: PLR0913 - what is asked, who is asked, and what came of it
        self,
        store: Store,
        clock: Clock,
        orders: Orders,
        root: Root,
        following: Following,
        *,
        grace: float = GRACE,
        tick: float = TICK,
        pause: float = PAUSE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._orders = orders
        self._root = root
        self._following = following
        self._grace, self._tick, self._pause = grace, tick, pause
        self._complaints = Complaints(log, clock.monotonic)
        self.stuck: dict[str, str] = {}

    async def run(self) -> None:
        """Carry what there is, and wait for more; what an earlier daemon began is there, too."""
        seen = 0
        while True:
            if (going := self._store.state.promoting) is None:
                seen = await self._store.changed(seen)
                continue
            await self._hold(going)

    async def go_on(self, promotion: Promotion) -> None:
        """Have root go on with one that it fell silent in. Raises PmError, OSError, TimeoutError."""
        await self._root.start(promotion.environment)
        self.stuck.pop(promotion.id, None)

    async def _hold(self, promotion: Promotion) -> None:
        try:
            await self._carry(promotion.id)
        except StoreFailed:
            raise
        except (OSError, PmError, TimeoutError) as exc:
            self._complaints.of(f"go on with promotion {promotion.id}", exc)
            await asyncio.sleep(self._pause)
        except Exception:
            log.exception("cannot go on with promotion %s: this is a bug", promotion.id)
            await asyncio.sleep(BUG)

    async def _carry(self, name: str) -> None:
        tries = _Tries()
        while not (known := self._store.ahead.promotion(name)).state.has_ended:
            now = self._clock.monotonic()
            if await self._told(known):
                pass  # and there may be more
            elif now - tries.asked < RARELY * self._tick:
                await asyncio.sleep(self._tick)
            elif self._root.is_at_work(known.environment):
                tries.asked = now
                self.stuck.pop(name, None)
            # It may have ended between two looks.
            elif not await self._told(known):
                tries.asked = now
                await self._pursue(known, tries)
        self.stuck.pop(name, None)
        with contextlib.suppress(OSError):  # the next one takes its place
            self._orders.withdraw(known.environment)

    async def _pursue(self, promotion: Promotion, tries: "_Tries") -> None:
        """See to one that nobody is at work on."""
        now, is_new = self._clock.monotonic(), promotion.state is PromotionState.REQUESTED
        if tries.starts and now - tries.started < self._grace:
            return  # whoever was started may be on their way
        if is_new and tries.starts:
            why = ": ".join(filter(None, (self._said(promotion), self._log(promotion))))
            await self._refuse(promotion, f"root did not take it up: {why}")
        elif tries.starts < TRIES:
            tries.starts, tries.started = tries.starts + 1, now
            # Root knows better than its trial whether what runs now is well.
            await (self._ask(promotion) if is_new else self._again(promotion))
        elif not await self._settled(promotion):
            self._give_up(promotion)
            await asyncio.sleep(self._pause)

    async def _again(self, promotion: Promotion) -> None:
        try:
            await self._root.start(promotion.environment)
        except (OSError, PmError, TimeoutError) as exc:
            self._complaints.of(f"go on with promotion {promotion.id}", exc)

    async def _told(self, promotion: Promotion) -> bool:
        """Record what root has written down since; tell whether that was anything."""
        lines = self._following.lines(promotion.environment, promotion.id)
        if len(lines) <= promotion.lines:
            return False
        line = promotion.lines + 1
        facts = promotions.told(promotion, line, lines[line - 1])
        await self._store.commit(*facts)
        return True

    async def _settled(self, promotion: Promotion) -> bool:
        """Record how it ended whose root is gone, by what became of its trial."""
        trial = self._following.trial(promotion.environment)
        if trial is None or trial.id != promotion.id:
            return False
        facts = promotions.ended(promotion, trial.state, trial.why)
        if facts:
            await self._store.commit(*facts)
        return bool(facts)

    async def _ask(self, promotion: Promotion) -> None:
        """Write the order, and have root take it up; where one of both is not possible, nothing becomes of it."""
        try:
            self._orders.write(self._order(promotion))
            # Who does not answer in time may have heard it all the same: what becomes of it is seen.
            with contextlib.suppress(TimeoutError):
                await self._root.start(promotion.environment)
        except (OSError, PmError) as exc:
            hint = exc.hint if isinstance(exc, PmError) and exc.hint else self._log(promotion)
            await self._refuse(promotion, f"root could not be asked: {exc}: {hint}")

    def _order(self, promotion: Promotion) -> Order:
        gating = self._store.ahead.gatings.get(promotion.gate_run)
        record = gating.record if gating is not None else None
        approved = promotion.seal != ""
        return Order(
            id=promotion.id,
            deed=promotion.deed,
            environment=promotion.environment,
            release=promotion.release,
            by=promotion.by,
            asked=promotion.posix,
            project=promotion.project,
            commit=promotion.commit,
            git_tree=promotion.git_tree,
            record=b"" if record is None else msgspec.json.encode(record),
            section=promotion.section.encode(errors="surrogatepass"),
            approved_by=promotion.by if approved else "",
            approved_at=promotion.posix if approved else 0,
            weaker=promotion.weaker,
            weaker_by=promotion.weaker_by,
            probation=promotion.probation,
            unconfined=promotion.unconfined,
        )

    async def _refuse(self, promotion: Promotion, why: str) -> None:
        """Record that nothing becomes of it; by then nobody can take the order up any more."""
        with contextlib.suppress(OSError):
            self._orders.withdraw(promotion.environment)
        facts: list[ev.AnyEvent] = promotions.refused(promotion, why)
        await self._store.commit(*facts)

    def _give_up(self, promotion: Promotion) -> None:
        after = f"root fell silent after it was {promotion.step}"
        why = ": ".join(filter(None, (after, self._said(promotion))))
        self.stuck[promotion.id] = f"{why}: pmrunnerctl promote --resume"
        self._complaints.of(f"go on with promotion {promotion.id}", Unavailable(why))

    def _said(self, promotion: Promotion) -> str:
        # It is silent for the same reason, maybe, for which nothing can be asked.
        with contextlib.suppress(OSError, PmError, TimeoutError):
            return self._root.said(promotion.environment)
        return ""

    def _log(self, promotion: Promotion) -> str:
        return self._root.log(promotion.environment)

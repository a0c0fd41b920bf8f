"""Notifies people who do not look: what is worth it is gathered for a moment, sent, and recorded.

Sent at least once: that it was is recorded after it was taken, so a daemon that is killed between
the two sends it again, and one that is killed before loses nothing. Nothing waits for any of it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.engine.pulse import Pulse
from pmrunnerd.model import events as ev
from pmrunnerd.model.errors import PmError, Refused, Unavailable
from pmrunnerd.model.notices import About, Notification, Order, Webhook, What, Word, shown
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules import notices
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.couriers import Courier
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Seconds in which what happens is one notification, and until one that failed is tried again: twice
# as long each time, up to an hour.
GATHER: Final = 5.0
AGAIN: Final = 60.0
LONGEST: Final = 3600.0
# Commits that are read at once, and after how many without anything that is remembered.
PAGE: Final = 64
FAR: Final = 4096
_TICK: Final = 3600.0
# Seconds between two looks: under load many commits share one.
_BREATH: Final = 0.1


class Notifier:
    """Follows what is durable, and has couriers carry what is worth telling."""

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        clock: Clock,
        courier: Courier,
        settings: Settings,
        *,
        environment: str,
        link: Callable[[], str] = str,
        gather: float = GATHER,
        again: float = AGAIN,
    ) -> None:
        self._store = store
        self._clock = clock
        self._courier = courier
        self._settings = settings
        self._environment = environment
        self._link = link
        self._gather = gather
        self._again = self._pause = again
        self._changed = Pulse()
        self._complaints = Complaints(log, clock.monotonic)
        self._read = 0
        self._things: list[About] = []

    @property
    def settings(self) -> Settings:
        """What an operator has set."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings
        self._pause = self._again
        self._changed.beat()

    async def run(self) -> None:
        """Notify until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="notices: listen")
            with contextlib.suppress(StoreFailed):  # the store dies of it, and is heard
                while True:
                    await self._safely()

    async def test(self) -> tuple[Word, str]:
        """Send a test, and return what came of it and whereto. Raises Refused, Unavailable."""
        if not self._settings.notify_webhook:
            raise Refused(
                "cannot send a test: nothing says where notifications go",
                hint=f'webhook = "https://…"   # under [notify] of /etc/pm-runner/{self._environment}.toml',
            )
        about = About(what=What.TEST, id="test", text="somebody wanted to see that this arrives")
        return await self._carry([about]), shown(self._settings.notify_webhook)

    async def _listen(self) -> None:
        seen = self._store.durable
        with contextlib.suppress(StoreFailed):
            while True:
                seen = await self._store.changed(seen)
                self._changed.beat()

    async def _safely(self) -> None:
        try:
            await self._turn()
        except StoreFailed:
            raise
        except (PmError, OSError) as exc:
            self._complaints.of("notify anybody", exc)
            await asyncio.sleep(self._again)
        except Exception:
            log.exception("cannot notify anybody: this is a bug")
            await asyncio.sleep(self._again)

    async def _turn(self) -> None:
        """Do what is to be done now, or wait until something may be."""
        on, upto = notices.wanted(self._settings), self._store.state.notified
        if not on:
            self._things.clear()
            if upto is not None:
                await self._store.commit(ev.NotificationsEnded())
            await self._changed.wait(_TICK)
        elif upto is None:
            await self._begin(self._store.durable)
        else:
            self._read = max(self._read, upto)
            await self._find_all()
            if self._due():
                await self._send()
            elif self._read - upto > FAR:
                await self._begin(self._read)
            elif self._read >= self._store.durable:
                await self._changed.wait(_TICK)
                await asyncio.sleep(_BREATH)

    async def _begin(self, upto: int) -> None:
        self._read = upto
        await self._store.commit(ev.NotificationsBegan(upto=upto))

    def _find(self) -> bool:
        """Look through some commits; tell whether there may be more."""
        page = self._store.read(self._read, PAGE)
        for batch in page:
            self._things += notices.worth(batch.facts, notices.wanted(self._settings))
            self._read = batch.seq
        self._things = notices.distinct(self._things)
        return bool(page)

    async def _find_all(self) -> None:
        more = True
        while more:
            more = self._find()
            await asyncio.sleep(0)  # a long way back must not keep the loop from others

    def _due(self) -> list[About]:
        """Return what is so still of what was found, and forget the rest."""
        self._things = [one for one in self._things if notices.stands(self._store.state, one)]
        return self._things

    async def _send(self) -> None:
        await asyncio.sleep(self._gather)
        await self._find_all()
        things, upto = tuple(self._due()), self._read
        if not things or not notices.wanted(self._settings):
            return  # somebody was there first
        target = shown(self._settings.notify_webhook)
        try:
            word = await self._carry(things)
        except (PmError, OSError) as exc:
            word = Word(delivered=False, said=str(exc))
        if word.delivered:
            self._pause = self._again
            self._things = [one for one in self._things if one not in things]
            named = tuple(one.id for one in things)
            await self._store.commit(ev.NotificationSent(upto=upto, target=target, things=named))
            return
        if self._store.ahead.unnotified[1] != word.said:
            await self._store.commit(ev.NotificationFailed(target=target, reason=word.said))
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST)
        await self._wait_for_settings(pause)

    async def _wait_for_settings(self, seconds: float) -> None:
        """Return after some seconds, or once somebody has set something else."""
        before, until = self._settings, self._clock.monotonic() + seconds
        while self._settings is before and (left := until - self._clock.monotonic()) > 0:
            await self._changed.wait(left)

    async def _carry(self, things: tuple[About, ...] | list[About]) -> Word:
        settings = self._settings
        order = Order(
            notification=self._composed(things),
            target=Webhook(url=settings.notify_webhook),
            private=tuple(filter(None, settings.notify_private.split(","))),
            proxy=settings.notify_proxy,
        )
        try:
            return await self._courier.carry(order)
        except TimeoutError as exc:
            raise Unavailable(str(exc)) from exc

    def _composed(self, things: tuple[About, ...] | list[About]) -> Notification:
        return notices.composed(
            self._store.state,
            things,
            id=self._clock.uuid(),
            at=self._clock.now(),
            environment=self._environment,
            link=self._link(),
        )

"""Sees when a person's own login has expired or was renewed, which nobody tells us.

What has expired is told to people before a run is refused; what was renewed, one run tries.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pmrunnerd.engine.complaints import Complaints
from pmrunnerd.model import events as ev
from pmrunnerd.model.accounts import Account
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.logins import Login
from pmrunnerd.rules import accounts, limits
from pmrunnerd.services import credentials
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.credentials import NoLogin
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store

log = logging.getLogger(__name__)

# Seconds between two looks: who renewed a login looks at the screen meanwhile.
EVERY: Final = 2.0
# Seconds by which a file system may date a file too early.
_COARSE: Final = 2.0
# Seconds until the next look at a login that does not say until when it is good.
_SELDOM: Final = 600


class Renewals:
    """Looks at the logins that are a person's own: when they end, and while they are no good.

    A file is tried once: the provider may refuse what looks good. Refused was what a run read when it
    began, which may be long before it was told so.
    """

    def __init__(
        self, store: Store, clock: Clock, agents: Sequence[str], place: Path | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._agents = agents
        self._place = place or credentials.place(store.directory)
        self._tried: dict[str, float] = {}
        # When each was recorded, and until when it is good.
        self._good: dict[str, tuple[str, str]] = {}
        self._complaints = Complaints(log, clock.monotonic)

    async def run(self) -> None:
        """Look again and again."""
        while self._agents:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Record of each agent whose login has expired, or was renewed, that this is so."""
        for agent in self._agents:
            account = accounts.of(self._store.ahead, agent)
            if account.login != Login.OWN.value:
                continue
            if account.limit == limits.LOGIN and not account.until:
                await self._see_renewal(account)
            else:
                await self._see_end(account)

    async def _see_renewal(self, account: Account) -> None:
        changed = await asyncio.to_thread(self._renewed, account)
        if changed is None or self._tried.get(account.id) == changed:
            return
        if await self._record(account, ev.AgentRetried(agent=account.id, by="")):
            self._tried[account.id] = changed

    async def _see_end(self, account: Account) -> None:
        now = self._clock.now()
        login, until = self._good.get(account.id, ("", ""))
        if login == account.at and now < until:
            return
        ended, until = await asyncio.to_thread(self._ended, account.id, now)
        if ended and not account.expiring:
            await self._record(account, ev.AgentExpiring(agent=account.id, expires=ended))
        elif until:
            self._good[account.id] = (account.at, until)
            if account.expiring:
                await self._record(account, ev.AgentRetried(agent=account.id, by=""))

    async def _record(self, account: Account, fact: ev.AnyEvent) -> bool:
        try:
            await self._store.commit(fact)
        except StoreFailed:
            raise
        except Unavailable as exc:
            self._complaints.of(f"record what became of the login of {account.id}", exc)
            return False
        return True

    def _ended(self, agent: str, now: str) -> tuple[str, str]:
        """Return when a login ended, and when to look at one again that has not; one is empty."""
        today = datetime.fromisoformat(now)
        seldom = (today + timedelta(seconds=_SELDOM)).isoformat()
        try:
            found = credentials.read(self._place, agent, today)
        except NoLogin as exc:
            return (exc.expires, "") if exc.expires and exc.expires <= now else ("", "")
        except OSError:
            return "", ""
        return "", found.expires or seldom

    def _renewed(self, account: Account) -> float | None:
        """Return when a login was written that is good by what it says, if a run may not know it yet."""
        try:
            kept = credentials.stored(self._place, account.id)
            if kept is None or kept.kind is not Login.OWN:
                return None
            changed = Path(kept.path).stat().st_mtime
            now = datetime.fromisoformat(self._clock.now())
            credentials.credential(kept, account.id, now)
        except (NoLogin, OSError):
            return None
        read = datetime.fromisoformat(account.began or account.since).timestamp()
        return changed if changed >= read - _COARSE else None

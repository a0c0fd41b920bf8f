"""Sees when a person's own login was renewed, which nobody tells us: then one run tries it."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
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


class Renewals:
    """Looks at the logins that are a person's own while a limit says that they are no good.

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
        self._complaints = Complaints(log, clock.monotonic)

    async def run(self) -> None:
        """Look again and again."""
        while self._agents:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Record of each agent whose login was renewed that one run is to try it."""
        for agent in self._agents:
            account = accounts.of(self._store.ahead, agent)
            if account.limit != limits.LOGIN or account.until or account.login != Login.OWN.value:
                continue
            changed = await asyncio.to_thread(self._renewed, account)
            if changed is None or self._tried.get(agent) == changed:
                continue
            try:
                await self._store.commit(ev.AgentRetried(agent=agent, by=""))
            except StoreFailed:
                raise
            except Unavailable as exc:
                self._complaints.of(f"record that the login of {agent} was renewed", exc)
                continue
            self._tried[agent] = changed

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

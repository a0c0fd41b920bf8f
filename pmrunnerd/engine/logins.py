"""Keeps the logins of agents: a secret on the disk, and a fact that says so and no more than that.

The secret first, then the fact: a crash between them leaves a login that is used and shown.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.errand import DropLogin, KeepLogin, ShowLogin, Trial
from pmrunnerd.model.errors import BadRequest, NotFound, Refused
from pmrunnerd.model.logins import TOKEN_DAYS, Login, is_whole, recognize
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.views import AgentView
from pmrunnerd.rules import accounts, limits
from pmrunnerd.services import credentials
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.errands import Errands
from pmrunnerd.store.store import Store

_HOW: Final = "pmrunnerctl agent login -h"


class Logins:
    """The logins of one environment. `agents` are those that need one, `named` the CLI to use."""

    def __init__(  # noqa: PLR0913 - the hands, each of which a test may choose
        self,
        store: Store,
        clock: Clock,
        agents: Sequence[str],
        errands: Errands,
        *,
        place: Path | None = None,
        named: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._agents = agents
        self._errands = errands
        self._place = str(place or credentials.place(store.directory))
        self._named = named
        self._lock = asyncio.Lock()

    async def login(self, request: p.AgentLogin, by: str) -> AgentView:
        """Keep a login in the place of the one before. Raises BadRequest, NotFound, NoLogin."""
        self._check(request.agent)
        now = self._clock.now()
        wanted, secret = self._wanted(request, by, now)
        async with self._lock:
            await self._errands.do(wanted, secret=secret)
        kind, expires = wanted.login.value, wanted.expires
        await self._store.commit(
            ev.AgentLoggedIn(agent=request.agent, kind=kind, by=by, expires=expires)
        )
        return await self.show(request.agent)

    async def logout(self, agent: str, by: str) -> AgentView:
        """Delete a login; to do it again is no fault."""
        self._check(agent)
        async with self._lock:
            await self._errands.do(DropLogin(place=self._place, agent=agent))
        if self._store.ahead.accounts.get(agent) and accounts.of(self._store.ahead, agent).login:
            await self._store.commit(ev.AgentLoggedOut(agent=agent, by=by))
        return await self.show(agent)

    async def show(self, agent: str) -> AgentView:
        """Return what can be told of a login, as the disk has it, and of the agent's program."""
        self._check(agent)
        now = self._clock.now()
        found = await self._errands.do(
            ShowLogin(place=self._place, agent=agent, at=now, named=self._named)
        )
        return AgentView(
            agent=agent,
            login=found.login,
            since=found.since,
            by=found.by,
            expires=found.expires,
            path=found.path,
            problem=found.problem,
            limit=limits.stands(accounts.of(self._store.state, agent), now),
            program=found.program,
            version=found.version,
            tested=found.tested,
            hint=found.hint,
        )

    async def attempt(self, agent: str, settings: Settings) -> Checkup:
        """Look at all that it needs, and have it make one request. Raises NotFound."""
        self._check(agent)
        state = str(self._store.directory)
        found = await self._errands.do(
            Trial(
                place=self._place,
                named=settings.agent_claude_path,
                model=settings.agent_claude_model,
                environment=dict(settings.agent_env),
                hidden=(state,),
            )
        )
        return Checkup(state_directory=state, checks=found.checks)

    def _wanted(self, request: p.AgentLogin, by: str, now: str) -> tuple[KeepLogin, str]:
        """Return what is to be kept, and its secret. No error repeats any of that."""
        kept = {"place": self._place, "agent": request.agent, "at": now, "by": by}
        if request.path or request.kind is Login.OWN:
            if self._errands.sealed:
                raise Refused(
                    "cannot log in: runs see nobody's home (ProtectHome= of their unit), and so no"
                    " login of a person's own",
                    hint=f"claude setup-token   # then: pmrunnerctl agent login {request.agent}",
                )
            if not Path(request.path).is_absolute() or request.secret:
                raise BadRequest(
                    "cannot log in: a person's own login is an absolute path", hint=_HOW
                )
            return KeepLogin(login=Login.OWN, path=request.path, **kept), ""
        kind = _kind(request)
        return KeepLogin(login=kind, expires=_expires(request.expires, kind, now), **kept), (
            request.secret
        )

    def _check(self, agent: str) -> None:
        if agent not in self._agents:
            known = ", ".join(self._agents)
            raise NotFound(
                f"cannot find agent {agent!r}: those that have a login are {known}", hint=_HOW
            )


def _kind(request: p.AgentLogin) -> Login:
    """Return which kind of secret one is. No error repeats any of it."""
    if not is_whole(request.secret):
        raise BadRequest(
            "cannot log in: that is no key and no token, which have visible characters only",
            hint=_HOW,
        )
    kind = request.kind or recognize(request.secret)
    if kind is None:
        raise BadRequest(
            "cannot log in: it begins neither as an API key (sk-ant-api) nor as a token (sk-ant-oat)",
            hint="pmrunnerctl agent login --kind api-key   # or --kind token",
        )
    return kind


def _expires(said: str, kind: Login, now: str) -> str:
    if not said and kind is not Login.TOKEN:
        return ""
    try:
        until = datetime.fromisoformat(said) if said else None
        until = until.astimezone(UTC) if until and until.tzinfo else until
    except (ValueError, OverflowError):
        raise BadRequest(
            f"cannot log in: {said!r} is no time", hint="--expires 2027-11-26"
        ) from None
    if until is None:
        until = datetime.fromisoformat(now) + timedelta(days=TOKEN_DAYS)
    return f"{until.replace(tzinfo=None, microsecond=0).isoformat()}.000Z"

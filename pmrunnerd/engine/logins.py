"""Keeps the logins of agents: a secret on the disk, and a fact that says so and no more than that.

The secret first, then the fact: a crash between them leaves a login that is used and shown.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Checkup
from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.model.logins import TOKEN_DAYS, Login, is_whole, recognize
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.views import AgentView
from pmrunnerd.rules import accounts, limits
from pmrunnerd.services import claudecode, credentials, fitness
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.credentials import NoLogin, Stored
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store

_HOW: Final = "pmrunnerctl agent login -h"


class Logins:
    """The logins of one environment. `agents` are those that need one, `named` the CLI to use."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        agents: Sequence[str],
        *,
        named: str = "",
        disk: Disk | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._agents = agents
        self._named = named
        self._disk = disk or Disk()
        self._state = store.directory
        self._lock = asyncio.Lock()

    async def login(self, request: p.AgentLogin, by: str) -> AgentView:
        """Keep a login in the place of the one before. Raises BadRequest, NotFound, NoLogin."""
        self._check(request.agent)
        now = self._clock.now()
        kept = _stored(request, by, now)
        # In a thread: it may be a file that somebody else has, on a disk that does not answer.
        await asyncio.to_thread(
            credentials.credential, kept, request.agent, datetime.fromisoformat(now)
        )
        async with self._lock:
            await asyncio.to_thread(self._keep, request.agent, kept)
        await self._store.commit(
            ev.AgentLoggedIn(agent=request.agent, kind=kept.kind.value, by=by, expires=kept.expires)
        )
        return await self.show(request.agent)

    async def logout(self, agent: str, by: str) -> AgentView:
        """Delete a login; to do it again is no fault."""
        self._check(agent)
        async with self._lock:
            await asyncio.to_thread(self._delete, agent)
        if self._store.ahead.accounts.get(agent) and accounts.of(self._store.ahead, agent).login:
            await self._store.commit(ev.AgentLoggedOut(agent=agent, by=by))
        return await self.show(agent)

    async def show(self, agent: str) -> AgentView:
        """Return what can be told of a login, as the disk has it, and of the agent's program."""
        self._check(agent)
        now, problem, hint = self._clock.now(), "", ""
        kept: Stored | None = None
        expires = ""
        try:
            kept = await asyncio.to_thread(credentials.stored, self._state, agent)
            found = await asyncio.to_thread(
                credentials.credential, kept, agent, datetime.fromisoformat(now)
            )
            expires = found.expires
        except NoLogin as exc:
            problem, hint, expires = str(exc), exc.hint or "", exc.expires
        program = claudecode.program(self._named)
        version = await claudecode.version(program) if program else ""
        # Without a program no login is of use: what has to be done first is said first.
        for judged in (
            fitness.surroundings(claudecode.missing()),
            fitness.program(program, self._named, version, claudecode.tested()),
        ):
            if judged.state == "problem":
                problem, hint = judged.found, judged.hint
        return AgentView(
            agent=agent,
            login=kept.kind.value if kept else "",
            since=kept.at if kept else "",
            by=kept.by if kept else "",
            expires=expires or (kept.expires if kept else ""),
            path=kept.path if kept else "",
            problem=problem,
            limit=limits.stands(accounts.of(self._store.state, agent), now),
            program=str(program or ""),
            version=version,
            tested=claudecode.tested(),
            hint=hint,
        )

    async def attempt(self, agent: str, settings: Settings) -> Checkup:
        """Look at all that it needs, and have it make one request. Raises NotFound."""
        self._check(agent)
        found = await fitness.checks(self._state, settings, tries=True)
        return Checkup(state_directory=str(self._state), checks=found)

    def _keep(self, agent: str, kept: Stored) -> None:
        place = credentials.file(self._state, agent)
        self._disk.make_directory(place.parent)
        self._disk.replace_file(place, msgspec.json.encode(kept) + b"\n")

    def _delete(self, agent: str) -> None:
        place = credentials.file(self._state, agent)
        if self._disk.is_file(place):
            self._disk.remove(place)
            self._disk.sync_directory(place.parent)

    def _check(self, agent: str) -> None:
        if agent not in self._agents:
            known = ", ".join(self._agents)
            raise NotFound(
                f"cannot find agent {agent!r}: those that have a login are {known}", hint=_HOW
            )


def _stored(request: p.AgentLogin, by: str, now: str) -> Stored:
    """Return what is to be kept. No error repeats any of the secret."""
    if request.path or request.kind is Login.OWN:
        if not Path(request.path).is_absolute() or request.secret:
            raise BadRequest("cannot log in: a person's own login is an absolute path", hint=_HOW)
        return Stored(kind=Login.OWN, path=request.path, at=now, by=by)
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
    expires = _expires(request.expires, kind, now)
    return Stored(kind=kind, secret=request.secret, at=now, by=by, expires=expires)


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

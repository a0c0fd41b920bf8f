"""Keeps, shows, deletes and tries the login of an agent, as the user whose runs it is for."""

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec

from pmrunnerd.model import errand as e
from pmrunnerd.model.settings import Settings
from pmrunnerd.services import claudecode, credentials, fitness
from pmrunnerd.services.credentials import NoLogin, Stored
from pmrunnerd.store.durable import Disk


async def keep(errand: e.KeepLogin, secret: str, disk: Disk) -> e.Done:
    """Keep a login that is good; a secret is written before anybody is told. Raises NoLogin, OSError."""
    kept = Stored(
        kind=errand.login,
        secret=secret,
        path=errand.path,
        at=errand.at,
        by=errand.by,
        expires=errand.expires,
    )
    # In a thread: it may be a file that somebody else has, on a disk that does not answer.
    now = datetime.fromisoformat(errand.at)
    await asyncio.to_thread(credentials.credential, kept, errand.agent, now)
    await asyncio.to_thread(_write, disk, Path(errand.place), errand.agent, kept)
    return e.Done()


def _write(disk: Disk, place: Path, agent: str, kept: Stored) -> None:
    disk.make_directory(place)
    disk.replace_file(credentials.file(place, agent), msgspec.json.encode(kept) + b"\n")


async def drop(errand: e.DropLogin, disk: Disk) -> e.Done:
    """Delete a login; to do it again is no fault. Raises OSError."""
    await asyncio.to_thread(_delete, disk, Path(errand.place), errand.agent)
    return e.Done()


def _delete(disk: Disk, place: Path, agent: str) -> None:
    file = credentials.file(place, agent)
    if disk.is_file(file):
        disk.remove(file)
        disk.sync_directory(place)


async def show(errand: e.ShowLogin) -> e.Shown:
    """Tell what can be told of a login, as the disk has it, and of the agent's program."""
    problem, hint, expires = "", "", ""
    kept: Stored | None = None
    try:
        kept = await asyncio.to_thread(credentials.stored, Path(errand.place), errand.agent)
        now = datetime.fromisoformat(errand.at)
        found = await asyncio.to_thread(credentials.credential, kept, errand.agent, now)
        expires = found.expires
    except NoLogin as exc:
        problem, hint, expires = str(exc), exc.hint or "", exc.expires
    program = claudecode.program(errand.named)
    version = await claudecode.version(program) if program else ""
    # Without a program no login is of use: what has to be done first is said first.
    for judged in (
        fitness.surroundings(claudecode.missing()),
        fitness.program(program, errand.named, version, claudecode.tested()),
    ):
        if judged.state == "problem":
            problem, hint = judged.found, judged.hint
    return e.Shown(
        login=kept.kind.value if kept else "",
        since=kept.at if kept else "",
        by=kept.by if kept else "",
        expires=expires or (kept.expires if kept else ""),
        path=kept.path if kept else "",
        problem=problem,
        hint=hint,
        program=str(program or ""),
        version=version,
        tested=claudecode.tested(),
    )


async def attempt(errand: e.Trial) -> e.Tried:
    """Look at all that the agent needs, and have it make one request."""
    settings = Settings(
        agent_claude_path=errand.named,
        agent_claude_model=errand.model,
        agent_env=errand.environment,
    )
    hidden = tuple(map(Path, errand.hidden))
    return e.Tried(
        checks=await fitness.checks(Path(errand.place), settings, tries=True, hidden=hidden)
    )

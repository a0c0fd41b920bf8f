"""Does an errand, in the process that it is called in, as the user of that process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from pmrunnerd.model import errand as e
from pmrunnerd.model.errand import A, Errand
from pmrunnerd.services import (
    aftermath,
    audit,
    cells,
    disposal,
    doors,
    footprint,
    leftovers,
    marker,
    nest,
    sandbox,
    savedrefs,
    workspace,
)
from pmrunnerd.services.errands import dropin, logins, never
from pmrunnerd.services.evidence import lying
from pmrunnerd.services.evidence.recount import recount
from pmrunnerd.services.git import Git
from pmrunnerd.services.source import sending
from pmrunnerd.store.durable import Disk

Enough = Callable[[], bool]


async def do(
    errand: Errand[A],
    *,
    secret: str = "",
    enough: Enough = never,
    disk: Disk | None = None,
    cargo: int = -1,
) -> A:
    """Do it, and return what came of it; a login is kept on a `disk`. Raises PmError, OSError.

    `cargo` is an open file for what an errand brings.
    """
    match errand:
        case e.KeepLogin():
            done: Any = await logins.keep(errand, secret, disk or Disk())
        case e.DropLogin():
            done = await logins.drop(errand, disk or Disk())
        case e.Bring():
            done = await _bring(errand, cargo)
        case _:
            done = await _DEEDS[type(errand)](errand, enough)
    found: A = done
    return found


async def _confine(errand: e.Confine, _: Enough) -> e.Confinement:
    found = await sandbox.probe()
    return replace(found, doors=tuple([one for one in errand.doors if await doors.is_open(one)]))


async def _examine(errand: e.Examine, _: Enough) -> e.Inspected:
    path = Path(errand.path)
    if errand.unit and (unseen := dropin.hidden(path, errand.unit, errand.environment)):
        return unseen
    found = _inspected(
        await workspace.examine(path, _paths(errand.hidden), unconfined=errand.unconfined)
    )
    if not errand.unit:
        return found
    found = dropin.explained(found, errand.unit, errand.environment)
    if found.problem:
        return found
    hidden = _paths(errand.hidden)
    return await dropin.alone(found, hidden=hidden, unconfined=errand.unconfined)


def _inspected(found: workspace.Inspection) -> e.Inspected:
    return e.Inspected(
        path=str(found.path), problem=found.problem, hint=found.hint, missing=found.missing
    )


async def _probe(errand: e.Probe, _: Enough) -> e.Inspected:
    runs = Path(errand.runs) if errand.runs else None
    return _inspected(
        await workspace.probe(Path(errand.path), unconfined=errand.unconfined, runs=runs)
    )


async def _make_safe(errand: e.MakeSafe, _: Enough) -> e.SetAside:
    where = await aftermath.make_safe(
        Path(errand.workspace),
        errand.run,
        errand.since,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
    )
    return e.SetAside(where=where)


async def _let_go(errand: e.LetGo, _: Enough) -> e.LetGone:
    stays = await savedrefs.let_go(
        Path(errand.workspace),
        errand.runs,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
    )
    return e.LetGone(stays=stays)


async def _dispose(errand: e.Dispose, enough: Enough) -> e.Emptied:
    gone = await asyncio.to_thread(
        disposal.empty, Path(errand.directory), errand.run, enough=enough
    )
    return e.Emptied(all=gone)


async def _survey(errand: e.Survey, enough: Enough) -> e.Surveyed:
    skip = frozenset(errand.skip)
    found = await asyncio.to_thread(
        footprint.look, Path(errand.directory), skip=skip, enough=enough
    )
    return e.Surveyed(
        measured=found.measured,
        skipped=found.skipped,
        others=found.others,
        in_trees=tuple(await asyncio.to_thread(_in_trees, errand.workspaces)),
    )


def _in_trees(workspaces: Mapping[str, str]) -> set[str]:
    """Return the runs that workspaces say they are as one left them.

    Of a workspace that is there and cannot say, because its disk is away, all are: the project.
    """
    found = set[str]()
    for project, path in workspaces.items():
        try:
            left = marker.read(Path(path))
        except OSError:
            if Path(path).is_dir():
                found.add(project)
        else:
            if left is not None:
                found.add(left.run)
    return found


async def _recount(errand: e.Recount, _: Enough) -> e.Recounted:
    path, run = Path(errand.path), leftovers.errand("recount")
    cell = await cells.make(
        path,
        run,
        agent=None,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
        writable=False,
    )
    there = await asyncio.to_thread(lying.look, path) if errand.uncommitted else None
    account, found = await recount(
        Git(cell, run), errand.commit, base=errand.base, lying=there, source=errand.source
    )
    return e.Recounted(account=account, found=found)


async def _audit(errand: e.Audit, _: Enough) -> e.Audited:
    run = leftovers.errand("audit")
    cell = await cells.make(
        Path(errand.path),
        run,
        agent=None,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
        writable=False,
    )
    return await audit.audit(Git(cell, run))


async def _write_evidence(errand: e.WriteEvidence, _: Enough) -> e.Done:
    await asyncio.to_thread(lying.write, Path(errand.path), errand.text, errand.before)
    return e.Done()


async def _show_login(errand: e.ShowLogin, _: Enough) -> e.Shown:
    return await logins.show(errand)


async def _trial(errand: e.Trial, _: Enough) -> e.Tried:
    return await logins.attempt(errand)


async def _resolve(errand: e.Resolve, _: Enough) -> e.Resolved:
    commit = await sending.resolve(
        Path(errand.workspace),
        errand.name,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
    )
    return e.Resolved(commit=commit)


async def _bring(errand: e.Bring, cargo: int) -> e.Done:
    await sending.send(
        Path(errand.workspace),
        errand.wanted,
        errand.commit,
        errand.base,
        to=cargo,
        hidden=_paths(errand.hidden),
        unconfined=errand.unconfined,
    )
    return e.Done()


async def _nest(errand: e.Nest, _: Enough) -> e.Done:
    path = Path(errand.path)
    await asyncio.to_thread(nest.clear, path)
    if not errand.gone:
        await nest.make(path)
    return e.Done()


def _paths(words: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(map(Path, words))


_DEEDS: Final[Mapping[type[Errand[Any]], Callable[[Any, Enough], Awaitable[e.Answer]]]] = {
    e.Confine: _confine,
    e.Examine: _examine,
    e.Probe: _probe,
    e.MakeSafe: _make_safe,
    e.LetGo: _let_go,
    e.Dispose: _dispose,
    e.Survey: _survey,
    e.Recount: _recount,
    e.WriteEvidence: _write_evidence,
    e.ShowLogin: _show_login,
    e.Trial: _trial,
    e.Resolve: _resolve,
    e.Audit: _audit,
    e.Nest: _nest,
}

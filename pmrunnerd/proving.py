"""Proves, lists, builds, deletes and first runs releases without a daemon: `python -m pmrunnerd.proving`; `pmrunnerctl` is who calls it.

One line of JSON on standard output is the reply, one on standard error is an error with its code, as
those of `pmrunnerd.offline`.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model.errors import BadRequest, NotFound, PmError, code_of
from pmrunnerd.model.proof import Proof, Pruned, ReleaseRow, Releases
from pmrunnerd.model.views import View
from pmrunnerd.rules.proof.found import Found
from pmrunnerd.rules.shelving import kept
from pmrunnerd.services.promotion.following import Following
from pmrunnerd.services.releases import inspection, keeping, making, papers
from pmrunnerd.services.releases.first import first
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk


def _prove(given: argparse.Namespace) -> Proof:
    found = inspection.sent(given.bundle) if given.bundle else _here(given)
    revoked = given.root / inspection.REVOKED
    believed = inspection.Believed(
        given.allowed_signers or given.root / inspection.ALLOWED, given.revoked_keys or revoked
    )
    proof = asyncio.run(inspection.prove(found, believed))
    if given.write_bundle:
        _write(given.write_bundle, found)
    return proof


def _here(given: argparse.Namespace) -> Found:
    shelf = Shelf(given.root, given.env)
    name = given.release or shelf.pointed()
    if not name:
        raise NotFound(
            f"cannot prove what {given.env} runs: there is no release: {shelf.home}/dist",
            hint="pmrunnerctl release list",
        )
    return inspection.here(shelf, name)


def _write(path: Path, found: Found) -> None:
    try:
        bundle = papers.bundled(found.name, found.environment, found.papers)
    except papers.BadBundle as exc:
        raise BadRequest(f"cannot write a bundle: {exc}", hint="pmrunnerctl release list") from exc
    Disk().replace_file(path, bundle)


def _list(given: argparse.Namespace) -> Releases:
    shelf = Shelf(given.root, given.env)
    return Releases(environment=given.env, releases=keeping.rows(shelf))


def _show(given: argparse.Namespace) -> ReleaseRow:
    shelf = Shelf(given.root, given.env)
    name = shelf.path(given.release or shelf.pointed()).name
    return next(row for row in keeping.rows(shelf) if row.id == name)


def _prune(given: argparse.Namespace) -> Pruned:
    shelf = Shelf(given.root, given.env)
    spoken_for = Following(given.root).spoken_for(given.env)
    decided = kept(keeping.rows(shelf), latest=given.keep, spoken_for=spoken_for)
    if given.yes:
        decided = keeping.delete(shelf, decided)
    return Pruned(environment=given.env, changed=given.yes, releases=decided)


def _build(given: argparse.Namespace) -> ReleaseRow:
    shelf = Shelf(given.root, given.env)
    source = given.source
    if not making.has(shelf, source):
        source = asyncio.run(making.take(shelf, given.repository, source))
    there = keeping.of_source(shelf, source)
    if there is None or not inspection.is_what_was_built(shelf, there.id):
        if given.fetch:
            asyncio.run(making.make("fetch", shelf, source))
        asyncio.run(making.make("build", shelf, source))
        there = keeping.of_source(shelf, source)
    making.drop(shelf, source)
    if there is None:
        raise NotFound(
            f"cannot find the release of source {source[:12]}, though it was built",
            hint="pmrunnerctl release list",
        )
    return there


def _first(given: argparse.Namespace) -> ReleaseRow:
    shelf = Shelf(given.root, given.env)
    asyncio.run(first(shelf, given.release, Disk()))
    return next(row for row in keeping.built(shelf) if row.id == given.release)


VERBS: Final[dict[str, Callable[[argparse.Namespace], View]]] = {
    "build": _build,
    "first": _first,
    "list": _list,
    "prove": _prove,
    "prune": _prune,
    "show": _show,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what one verb says and return the exit status: 0, or 1 with an error said."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.proving", description=__doc__)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("--release", default="", help="by name; else what dist points to")
    parser.add_argument("--env", default="prod")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where opt/pm-runner is")
    parser.add_argument("--bundle", type=Path, help="look at this, and at nothing here")
    parser.add_argument("--write-bundle", type=Path)
    parser.add_argument("--allowed-signers", type=Path)
    parser.add_argument("--revoked-keys", type=Path)
    parser.add_argument("--keep", type=int, default=3, help="prune: the latest few stay")
    parser.add_argument("--yes", action="store_true", help="prune: do it; else only tell")
    parser.add_argument("--source", default="", help="build: a commit, or a source tree's digest")
    parser.add_argument("--repository", type=Path, help="build: where the commit is")
    parser.add_argument("--fetch", action="store_true", help="build: bring what is missing")
    given = parser.parse_args(arguments)
    try:
        reply = VERBS[given.verb](given)
    except PmError as error:
        return _complain(error.code, str(error), error.hint or "")
    except OSError as error:
        what = f"cannot {given.verb}: {error.filename or given.root}: {error.strerror}"
        return _complain(code_of(error), what, f"ls -ld {error.filename or given.root}")
    sys.stdout.write(msgspec.json.encode(reply).decode() + "\n")
    return 0


def _complain(code: str, message: str, hint: str) -> int:
    said = {"code": code, "message": message, "hint": hint}
    sys.stderr.write(msgspec.json.encode(said).decode() + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Proves releases without a daemon: `python -m pmrunnerd.proving`; `pmrunnerctl` is who calls it.

One line of JSON on standard output is the reply, one on standard error is an error with its code, as
those of `pmrunnerd.offline`.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from pmrunnerd.model.errors import BadRequest, NotFound, PmError, code_of
from pmrunnerd.model.proof import Proof
from pmrunnerd.model.views import View
from pmrunnerd.rules.proof.found import Found
from pmrunnerd.services.releases import inspection, papers
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


VERBS: dict[str, Callable[[argparse.Namespace], View]] = {"prove": _prove}


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

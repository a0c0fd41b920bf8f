"""Looks at the evidence of a checkout without a daemon: of one's own, with one's own rights.

Nothing of it is executed; but no sandbox is around git, for this may be a worktree, whose history lies
elsewhere, or a machine where none can start.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.model.evidence import LIMIT, NAME, Account, Found
from pmrunnerd.model.gates import GateRun
from pmrunnerd.model.views import EvidenceDraft, EvidenceView
from pmrunnerd.rules.evidence.report import begun, checked
from pmrunnerd.services import leftovers
from pmrunnerd.services.evidence import lying
from pmrunnerd.services.evidence.recount import recount
from pmrunnerd.services.git import Git
from pmrunnerd.services.unconfined import Unconfined

VERBS: Final = ("evidence-check", "evidence-write")
_MOST: Final = 16 * LIMIT


def add_options(parser: argparse.ArgumentParser) -> None:
    """Have a command line understand what is about evidence."""
    parser.add_argument("--directory", type=Path, help="evidence: the top of a checkout")
    parser.add_argument("--commit", default="HEAD", help="evidence: of which content")
    parser.add_argument("--base", default="", help="evidence: what it is compared with")
    parser.add_argument("--uncommitted", action="store_true", help="evidence: as it lies there")
    parser.add_argument("--printed", action="store_true", help="evidence: write nothing")
    parser.add_argument("--records", type=Path, help="evidence: a gate run, as JSON")


def check(given: argparse.Namespace) -> EvidenceView:
    """Return all that is wrong with the section of a commit. Raises PmError, OSError."""
    record = _record(given.records)
    account, found = _recount(given, uncommitted=given.uncommitted)
    return checked(found, account, record, compares=record is not None)


def write(given: argparse.Namespace) -> EvidenceDraft:
    """Begin a section, unless it is there. Raises PmError, OSError."""
    record = _record(given.records)
    account, found = _recount(given, uncommitted=True)
    draft = begun(found, account, record)
    text, draft = draft.file, replace(draft, file="")
    if draft.was_there or given.printed:
        return draft
    lying.write(given.directory, text, lying.fingerprint(found))
    return replace(draft, written=str(given.directory / NAME))


def _recount(given: argparse.Namespace, *, uncommitted: bool) -> tuple[Account, Found]:
    if given.directory is None:
        raise BadRequest("cannot look at evidence: name the checkout", hint="--directory PATH")
    here = given.directory.absolute()
    if not (here / ".git").exists():
        raise NotFound(
            f"cannot look at evidence in {here}: it is not the top of a git checkout",
            hint=f"git -C {here} rev-parse --show-toplevel",
        )
    run = leftovers.errand("recount")
    git = Git(Unconfined(here, Path("/dev/null"), run, below=False), run)
    there = lying.look(here) if uncommitted else None
    return asyncio.run(recount(git, given.commit, base=given.base, lying=there))


def _record(path: Path | None) -> GateRun | None:
    """Return the gate run that a file holds. Raises OSError, BadRequest."""
    if path is None:
        return None
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    try:
        if len(data) > _MOST:
            raise BadRequest(f"cannot read {path}: it has more than {_MOST} bytes")
        return msgspec.json.decode(data, type=GateRun)
    except msgspec.DecodeError as error:
        raise BadRequest(
            f"cannot read {path}: it is no gate run: {error}",
            hint="pmrunnerctl gate show RUN --json",
        ) from None

"""Signs for a release: `python -m pmrunnerd.signing ENV-ID`, which root runs, by `launch sign`.

It takes an identifier and nothing else. Under it lies a draft that root made: the statement without a signer,
the section of the evidence, the record of the gates. What is signed is the chain, so all of it must hold
first, but for the signature; nothing is signed because somebody asks for it.
"""

import argparse
import asyncio
import os
import re
import stat
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import structs

from pmrunnerd.model import proof
from pmrunnerd.model.errors import Forbidden, NotFound, PmError, Refused
from pmrunnerd.model.statement import Statement
from pmrunnerd.rules.proof import canonical
from pmrunnerd.rules.proof.found import Found, Papers
from pmrunnerd.services import signatures
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.releases import inspection, papers
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.services.releases.tree import Known
from pmrunnerd.store.durable import Disk

DRAFT: Final = re.compile(
    r"(?P<env>[a-z][a-z0-9]{0,15})-(?P<id>[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)"
)
DRAFTS: Final = Path("var/lib/pm-runner/promote")
KEY: Final = Path("etc/pm-runner/keys/release")
SIGNER: Final = Path("etc/pm-runner/keys/signer")
# What a unit's LoadCredential= calls the key.
CREDENTIAL: Final = "release-key"
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_READABLE: Final = 0o644


def sign(root: Path, environment: str, name: str, known: Known | None = None) -> Path:
    """Sign for the release of a draft; return where the proof of it lies. Raises PmError, OSError.

    `known` is what whoever calls knows of its files already.
    """
    draft = root / DRAFTS / environment / name
    _must_be_ours(draft)
    found = _draft(draft)
    statement = _statement(found)
    shelf = Shelf(root, environment)
    release = shelf.path(statement.subject[0].name if statement.subject else "")
    signer = papers.paper(root / SIGNER, 1 << 10)
    if not isinstance(signer, bytes):
        raise NotFound(
            f"cannot sign: {signer or 'there is no key'}: {root / SIGNER}",
            hint="sudo /usr/lib/pm-runner/signing-key   # makes one, where there is none",
        )
    predicate = structs.replace(
        statement.predicate,
        signer=signer.decode(errors="replace").strip(),
        signed=int(datetime.fromisoformat(Clock().now()).timestamp()),
    )
    whole = canonical.encode(structs.replace(statement, predicate=predicate))
    _must_hold(
        inspection.here(shelf, release.name, used=False, known=known),
        structs.replace(found, statement=whole),
    )
    signature = asyncio.run(signatures.sign(whole, _key(root)))
    return _keep(release, structs.replace(found, statement=whole, signature=signature))


def _must_be_ours(draft: Path) -> None:
    """Raise where somebody else could have made, or could change, what is to be signed."""
    for path in (draft.parent, draft, *_within(draft)):
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            raise Forbidden(f"cannot sign {draft.name}: {path} is a link")
        if about.st_uid != os.geteuid() or about.st_mode & _OTHERS:
            raise Forbidden(
                f"cannot sign {draft.name}: others than its signer could change {path}",
                hint=f"ls -ld {path}",
            )


def _within(draft: Path) -> list[Path]:
    try:
        return sorted(draft.iterdir())
    except FileNotFoundError as exc:
        raise NotFound(
            f"cannot sign {draft.name}: there is no such draft", hint=f"ls -l {draft.parent}"
        ) from exc


def _draft(draft: Path) -> Papers:
    return Papers(
        statement=papers.paper(draft / proof.STATEMENT, canonical.LARGEST),
        evidence=papers.paper(draft / proof.EVIDENCE),
        gates=papers.paper(draft / proof.GATES),
    )


def _statement(found: Papers) -> Statement:
    if not isinstance(found.statement, bytes):
        raise Refused(f"cannot sign: {found.statement or 'there is no statement'}")
    try:
        return canonical.decode(found.statement)
    except canonical.BadStatement as exc:
        raise Refused(f"cannot sign: the statement cannot be read: {exc}") from exc


def _must_hold(release: Found, draft: Papers) -> None:
    """Raise Refused with every link that does not hold, as if the draft were signed."""
    if wrong := inspection.unmet(release, draft):
        each = "\n".join(f"  {link.name}: {link.why}" for link in wrong)
        raise Refused(
            f"cannot sign for {release.name}: it is not proved without a signature:\n{each}"
        )


def _key(root: Path) -> Path:
    """Return the key: what the unit was given of it, or the file itself."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(given, CREDENTIAL) if given else root / KEY


def _keep(release: Path, whole: Papers) -> Path:
    """Put the papers beside the release: all of them or none, and durably."""
    disk = Disk()
    place, fresh = release / proof.PAPERS, release / f".{proof.PAPERS}.new"
    disk.remove_tree(fresh)
    disk.create_directory(fresh, 0o755)
    fresh.chmod(0o755)
    parts = {
        proof.STATEMENT: whole.statement,
        proof.SIGNATURE: whole.signature,
        proof.EVIDENCE: whole.evidence,
        proof.GATES: whole.gates,
    }
    for name, data in parts.items():
        if isinstance(data, bytes):
            disk.write_file(fresh / name, data, "new", _READABLE)
            (fresh / name).chmod(_READABLE)
    disk.sync_directory(fresh)
    disk.remove_tree(place)
    disk.rename(fresh, place)
    disk.sync_directory(release)
    return place


def main(arguments: Sequence[str] | None = None) -> int:
    """Sign for one draft and return the exit status: 0, 4 where it was refused, 1 where it failed."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.signing", description=__doc__)
    parser.add_argument("draft", metavar="ENV-ID")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where opt/pm-runner is")
    given = parser.parse_args(arguments)
    if not (named := DRAFT.fullmatch(given.draft)):
        parser.error(f"{given.draft!r} is no name of a draft")
    try:
        place = sign(given.root, named["env"], named["id"])
    except PmError as error:
        sys.stderr.write(f"pmrunnerd.signing: {error}\n")
        sys.stderr.write(f"  hint: {error.hint}\n" if error.hint else "")
        return 4 if isinstance(error, Refused | Forbidden) else 1
    except OSError as error:
        sys.stderr.write(f"pmrunnerd.signing: cannot sign: {error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"{place}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

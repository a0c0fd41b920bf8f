"""Reads what lies beside a release's `lib`, and bundles: files of which nothing is believed yet."""

import os
import stat
from pathlib import Path
from typing import Final

import msgspec

from pmrunnerd.model import proof
from pmrunnerd.rules.proof import armour, canonical, claims
from pmrunnerd.rules.proof.found import Paper, Papers

# Bytes of each file at most: a release has some thousand files of some hundred bytes in its list.
_MOST: Final = 64 << 20
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
FORMAT: Final = 1


class BadBundle(ValueError):
    """It is no bundle; the text says why."""


class Bundle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A proof on its way to another machine: one line of JSON, each file in base64."""

    format: int = FORMAT
    name: str
    environment: str
    release: bytes
    manifest: bytes
    statement: bytes | None = None
    signature: bytes | None = None
    evidence: bytes | None = None
    gates: bytes | None = None


def paper(path: Path, most: int = _MOST) -> Paper:
    """Return what a file holds; None where there is none, a text where it is nothing to read."""
    try:
        file = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as exc:
        return _unread(path, exc)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            return f"{path.name} is no file"
        whole = _all_of(file, most)
    except OSError as exc:
        return _unread(path, exc)
    finally:
        os.close(file)
    return whole if len(whole) <= most else f"{path.name} has more than {most >> 20} MiB"


def _unread(path: Path, exc: OSError) -> str:
    return f"{path.name} cannot be read: {(exc.strerror or str(exc)).lower()}"


def _all_of(file: int, most: int) -> bytes:
    """Read to the end, or a little more than is allowed."""
    whole = bytearray()
    while len(whole) <= most and (some := os.read(file, 1 << 20)):
        whole += some
    return bytes(whole)


def beside(release: Path) -> Papers:
    """Return what lies beside `lib` of a release."""
    signed = release / proof.PAPERS
    return Papers(
        release=paper(release / proof.RELEASE, 1 << 20),
        manifest=paper(release / proof.MANIFEST),
        statement=paper(signed / proof.STATEMENT, canonical.LARGEST),
        signature=paper(signed / proof.SIGNATURE, armour.LARGEST),
        evidence=paper(signed / proof.EVIDENCE, 8 << 20),
        gates=paper(signed / proof.GATES, claims.LARGEST),
    )


def bundled(name: str, environment: str, papers: Papers) -> bytes:
    """Return the bundle of a release. Raises BadBundle where it has not even a list of its files."""
    if not isinstance(papers.release, bytes) or not isinstance(papers.manifest, bytes):
        raise BadBundle(f"{name} has no {proof.RELEASE}, or no list of its files")

    def whole(one: Paper) -> bytes | None:
        if isinstance(one, str):
            raise BadBundle(one)
        return one

    bundle = Bundle(
        name=name,
        environment=environment,
        release=papers.release,
        manifest=papers.manifest,
        statement=whole(papers.statement),
        signature=whole(papers.signature),
        evidence=whole(papers.evidence),
        gates=whole(papers.gates),
    )
    return msgspec.json.encode(bundle) + b"\n"


def unbundled(found: Paper) -> tuple[str, str, Papers]:
    """Return name, environment and papers of a bundle. Raises BadBundle."""
    if not isinstance(found, bytes):
        raise BadBundle(found or "there is no such file")
    try:
        bundle = msgspec.json.decode(found, type=Bundle)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise BadBundle(f"it is no bundle: {exc}") from exc
    if bundle.format != FORMAT:
        raise BadBundle(f"it is of format {bundle.format}, and this release knows {FORMAT}")
    papers = Papers(
        release=bundle.release,
        manifest=bundle.manifest,
        statement=bundle.statement,
        signature=bundle.signature,
        evidence=bundle.evidence,
        gates=bundle.gates,
    )
    return bundle.name, bundle.environment, papers

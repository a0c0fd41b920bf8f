"""Finds out all that can be known of a release here, or of a bundle, so that rules can judge it."""

from pathlib import Path
from typing import Final

from msgspec import Struct, structs

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.proof import Holding, Link, Proof
from pmrunnerd.rules.proof import canonical, chain, standing
from pmrunnerd.rules.proof.found import Found, Papers, Signed, Standing
from pmrunnerd.services import signatures
from pmrunnerd.services.releases import papers, tree
from pmrunnerd.services.releases.shelf import Shelf

ALLOWED: Final = Path("etc/pm-runner/allowed_signers")
REVOKED: Final = Path("etc/pm-runner/revoked_keys")
SOURCE: Final = Path("usr/share/pm-runner/source.digest")


class Believed(Struct, frozen=True):
    """The lists of keys: who may sign, and which are revoked."""

    allowed: Path
    revoked: Path | None = None


async def prove(found: Found, believed: Believed) -> Proof:
    """Return what is proved of what was found."""
    signed = await _signed(found.papers, believed)
    links = chain.links(structs.replace(found, signed=signed))
    return Proof(
        release=found.name,
        environment=found.environment,
        outcome=chain.outcome(links),
        links=links,
    )


def unmet(release: Found, draft: Papers) -> tuple[Link, ...]:
    """Return each link that would not hold if a draft were signed for a release.

    What runs now is what it is to take the place of, and so no part of what is `release` here.
    """
    whole = structs.replace(
        release,
        papers=structs.replace(
            release.papers,
            statement=draft.statement,
            signature=b"",
            evidence=draft.evidence,
            gates=draft.gates,
        ),
        signed=Signed(key="the key that is about to sign"),
    )
    return tuple(link for link in chain.links(whole) if link.holding is not Holding.HOLDS)


async def _signed(found: Papers, believed: Believed) -> Signed | None:
    """Return whose signature it is; None where there is nothing that could have been signed."""
    if not isinstance(found.statement, bytes):
        return None
    if not isinstance(found.signature, bytes):
        return Signed(why=found.signature or "there is none")
    try:
        predicate = canonical.decode(found.statement).predicate
    except canonical.BadStatement:
        return None
    return await signatures.verify(
        found.statement,
        found.signature,
        signer=predicate.signer,
        at=predicate.signed,
        allowed=believed.allowed,
        revoked=believed.revoked,
    )


def here(shelf: Shelf, name: str, *, used: bool = True, known: tree.Known | None = None) -> Found:
    """Return what is known of a release on this machine, of which somebody may have `known` much. Raises PmError, OSError.

    Which processes run another one is a look at all of them: who does not ask for it is spared that.
    """
    release = shelf.path(name)
    about = papers.beside(release)
    return Found(
        name=name,
        environment=shelf.environment,
        papers=about,
        standing=_standing(shelf, release, _others(shelf, name) if used else (), known),
        package=package(shelf.root),
    )


def is_what_was_built(shelf: Shelf, name: str) -> bool:
    """Tell whether each byte of a release is there as it was built. Raises PmError, OSError."""
    holding, _ = standing.tree(here(shelf, name))
    return holding is Holding.HOLDS


def _others(shelf: Shelf, name: str) -> tuple[str, ...]:
    used, daemons = shelf.used(), set(shelf.daemons())
    return tuple(
        f"process {pid} still runs {other}"
        for other, pids in used.items()
        for pid in pids
        if pid in daemons and other != name
    )


def _standing(
    shelf: Shelf, release: Path, others: tuple[str, ...], known: tree.Known | None
) -> Standing:
    return Standing(
        files=tree.look(release / "lib", None if known is None else known.entry),
        writable=tree.writable(release),
        dist=shelf.pointed(),
        running=others,
    )


def package(root: Path) -> str:
    """Return the digest of the source that the package of a machine brings; empty where there is none."""
    found = papers.paper(root / SOURCE, 1 << 10)
    return found.decode("ascii", errors="replace").strip() if isinstance(found, bytes) else ""


def sent(bundle: Path) -> Found:
    """Return what a bundle says of a release somewhere. Raises BadRequest for one that is none."""
    try:
        name, environment, about = papers.unbundled(papers.paper(bundle))
    except papers.BadBundle as exc:
        raise BadRequest(f"cannot prove {bundle}: {exc}", hint=f"ls -l {bundle}") from exc
    return Found(
        name=name,
        environment=environment,
        papers=about,
    )

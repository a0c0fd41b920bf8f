"""How a release stands: which one runs, who could change it, and whether each byte is as it was built."""

import hashlib

from pmrunnerd.model.proof import Release
from pmrunnerd.rules.proof import manifest
from pmrunnerd.rules.proof.found import Found, Standing
from pmrunnerd.rules.proof.said import Said, fails, holds, unread


def here(found: Found) -> dict[str, Said]:
    """Return what can be said only where the release stands."""
    at = found.standing
    if at is None:
        return {}
    others = [f"{path} can be changed by others than its owner" for path in at.writable]
    return {
        "dist": _dist(found, at),
        "owner": fails(*others) if others else holds("nobody but its owner can change it"),
    }


def _dist(found: Found, at: Standing) -> Said:
    if at.dist and at.dist != found.name:
        return holds(f"{found.environment} runs {at.dist}, and not this one")
    if at.running:
        return fails(*at.running)
    if at.dist:
        return holds(f"dist of {found.environment} points to it")
    return holds("no dist points to it: it is proved where it lies")


def name_of(facts: Release) -> str:
    """Return the name that a release has by what it is, as the builder gives it."""
    whole = hashlib.sha256(f"{facts.source} {facts.tree}".encode()).hexdigest()
    return f"{facts.version}-{whole[:12]}"


def tree(found: Found) -> Said:
    """Tell whether each file is what was built, and whether the list of them is."""
    paper, facts = found.papers.manifest, found.facts
    if facts is None:
        return fails(unread(found.papers.release, "release.json"))
    if (name := name_of(facts)) != found.name:
        return fails(f"by source and tree it is {name}, and its name is {found.name}")
    if not isinstance(paper, bytes):
        return fails(unread(paper, "its list of files"))
    try:
        built = manifest.read(paper)
    except manifest.BadManifest as exc:
        return fails(f"its list of files is damaged: {exc}")
    digest = manifest.digest(paper)
    if digest != facts.tree:
        return fails(f"its list of files is {digest[:12]}, and it was built as {facts.tree[:12]}")
    return _files(built, digest, found.standing)


def _files(built: dict[str, manifest.Entry], digest: str, at: Standing | None) -> Said:
    if at is None:
        return holds(
            f"tree {digest[:12]} by its list of {len(built)} files; lib itself is not here"
        )
    if wrong := manifest.differences(built, at.files):
        return fails(*(f"lib/{one}" for one in wrong))
    return holds(f"each of {len(built)} files is as it was built: tree {digest[:12]}")

"""Writes down what of a repository is wanted: objects in the order in which a reader looks for them.

This is the side that can see the workspace. What it says is proved by the objects themselves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.source import BOUNDS, EVIDENCE, Wanted
from pmrunnerd.rules.source.trees import ID
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.source import refs
from pmrunnerd.services.source.bare import opened
from pmrunnerd.services.source.sound import objects_of

_TREES: Final = """\
trees() {
    local only=$1 commit=$2; shift 2
    { echo "$commit"; "$@" rev-parse --verify --quiet "$commit^{tree}"
      "$@" ls-tree -r -t $only --format='%(objectname)' "$commit"; } | "$@" cat-file --batch --buffer
}
"""
_SCRIPTS: Final = {
    Wanted.TREE: _TREES + 'trees "" "$COMMIT" "$@"',
    Wanted.CHANGES: (
        _TREES + 'trees -d "$BASE" "$@"; trees -d "$COMMIT" "$@"; "$@" diff-tree -r -z --numstat'
        ' --no-renames --no-ext-diff --no-textconv --end-of-options "$BASE" "$COMMIT"'
    ),
    # Of what is much too large, the head alone has to come for it to be refused.
    Wanted.EVIDENCE: (
        '{ echo "$COMMIT"; "$@" rev-parse --verify --quiet "$COMMIT^{tree}"; } | "$@" cat-file --batch'
        f'; set +o pipefail; "$@" ls-tree --format="%(objectname)" "$COMMIT" {EVIDENCE}'
        f' | "$@" cat-file --batch | head --bytes={2 * BOUNDS.evidence}'
    ),
    Wanted.SUBJECTS: (
        f'"$@" rev-list --topo-order --max-count={BOUNDS.commits + 1} "$COMMIT" "^$BASE"'
        ' | "$@" cat-file --batch --buffer'
    ),
}
_MOST: Final = BOUNDS.bytes + (1 << 30)  # with the trees, and a line for each object
_SHORTEST: Final = 4


async def resolve(workspace: Path, name: str, *, hidden: Sequence[Path], unconfined: bool) -> str:
    """Return the full id of the commit that a branch, a tag or the beginning of an id stands for.

    Raises NotFound, Refused, PmError, OSError.
    """
    objects_of(workspace)
    id = refs.find(workspace, name)
    width = len(id) or refs.width(workspace)
    unknown = NotFound(f"cannot find {name} in {workspace}: no branch, tag or commit is called so")
    if not width or not (id or (len(name) >= _SHORTEST and _is_hex(name))):
        raise unknown
    async with opened(workspace, width, hidden=hidden, unconfined=unconfined) as bare:
        try:
            said = await bare.said(
                "rev-parse", "--verify", "--end-of-options", f"{id or name}^{{commit}}"
            )
        except GitFailed as exc:
            if "ambiguous" in str(exc):
                raise Refused(f"cannot tell which commit {name} is: several begin so") from exc
            raise unknown from exc
    if not ID.fullmatch(said.strip()):
        raise unknown
    return said.strip()


async def send(  # noqa: PLR0913 - what is wanted, and the walls
    workspace: Path,
    wanted: Wanted,
    commit: str,
    base: str,
    *,
    to: int,
    hidden: Sequence[Path],
    unconfined: bool,
) -> None:
    """Write what is wanted of a commit to an open file. Raises PmError, OSError."""
    for id in (commit, base or commit):
        if not ID.fullmatch(id) or len(id) != len(commit):
            raise Refused(f"cannot read commit {id!r}: that is no full id of one")
    async with opened(workspace, len(commit), hidden=hidden, unconfined=unconfined) as bare:
        await bare.send(_SCRIPTS[wanted], to, most=_MOST, COMMIT=commit, BASE=base or commit)


def _is_hex(name: str) -> bool:
    return set(name) <= set("0123456789abcdef")

"""What a run changed so far, and what of the lines that it added promises work for later."""

from typing import Final

from msgspec import Struct

from pmrunnerd.services.git import Git, shown
from pmrunnerd.services.substatus import uncommitted

_INDEX: Final = ".git/pm-runner-index"
# Of what is not tracked only repositories are listed as directories.
_REPOSITORIES: Final = "/\\/$/p"
# The plumbing of git, which heeds nothing of what a repository says of how a diff is to look; as text,
# whatever its attributes say. A name is where no hunk is: an added line can look like one. Of the
# added lines those with a marker are told, a few; what has a NUL is no text. A marker is in capitals
# and no name (Status.TODO), or opens a comment: work can be about todos, and todo is Spanish for all.
_MARKED: Final = r"""
"$@" diff-index --cached -p --unified=0 --text --no-color --no-ext-diff --no-textconv --no-renames "$REVISION" |
tr '\000' '\001' |
LC_ALL=C awk '
function later(line,  low) {
    low = tolower(line)
    if (low ~ /\.\.\. *(the )?(rest|remaining|existing|other|previous|same)|(rest|remainder) of (the )?(code|file|function|implementation)|implementation (goes )?here|(code|logic) (omitted|unchanged)/) return 1
    if (low ~ /(#|\/\/|\/\*|\*|--|;|%) *((todo|fixme|xxx) *(:|\(|\*\/|-->)|(fixme|xxx)([^a-z0-9_]|$))/) return 1
    gsub(/["\047`](TODO|FIXME|XXX)["\047`]|[A-Za-z0-9_)]\.(TODO|FIXME|XXX)|(TODO|FIXME|XXX) *=/, "", line)
    return line ~ /(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)/
}
function size(range,  part) { return split(range, part, ",") > 1 ? part[2] + 0 : 1 }
old + new == 0 && /^@@ / { old = size($2); new = size($3); next }
old + new == 0 && /^\+\+\+ / { file = substr($0, 7); sub(/\t$/, "", file); next }
old + new == 0 { next }
/^-/ { old--; next }
/^\+/ { new-- }
/^\+/ && !/\001/ && later($0) {
    if (told++ < 20) printf "%s: %s%c", file, substr($0, 2, 200), 0
}'
"""


class Changes(Struct, frozen=True):
    """Paths that differ from where the run began, and lines of them that promise more, as `path: line`.

    What no commit can have: `nested` are repositories that were made in the workspace, `inside` is
    what is not committed in a submodule.
    """

    paths: frozenset[str]
    marked: tuple[str, ...]
    nested: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


async def changes(git: Git, head: str) -> Changes:
    """Compare all that is not ignored with a commit. Raises GitFailed."""
    await git("read-tree", head, index=_INDEX)
    nested = await git.records(
        *("ls-files", "--others", "--exclude-standard", "-z"), index=_INDEX, only=_REPOSITORIES
    )
    if nested:  # one without a commit would be the end of it
        await git.outcome("add", "--all", "--sparse", "--ignore-errors", index=_INDEX)
    else:
        await git("add", "--all", "--sparse", index=_INDEX)
    names = await git.records(
        *("diff-index", "--cached", "--name-only", "--no-renames", "-z", head),
        index=_INDEX,
        only="p",
    )
    marked = await git.pipeline(_MARKED, index=_INDEX, REVISION=head)
    await git.command("rm", "-f", _INDEX)
    return Changes(
        frozenset(map(shown, names)),
        tuple(map(shown, marked)),
        tuple(map(shown, nested)),
        tuple(await uncommitted(git)),
    )

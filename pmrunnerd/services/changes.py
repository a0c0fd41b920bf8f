"""What a run changed so far, and what of the lines that it added promises work for later."""

from typing import Final

from msgspec import Struct

from pmrunnerd.services.git import Git, shown

_INDEX: Final = ".git/pm-runner-index"
# Of what is not tracked only repositories are listed as directories.
_REPOSITORIES: Final = "/\\/$/p"
# The plumbing of git, which heeds nothing of what a repository says of how a diff is to look; as text,
# whatever its attributes say. A name is where no hunk is: an added line can look like one. Of the
# added lines those with a marker are told, a few; what has a NUL is no text. A marker is in capitals
# and no name (Status.TODO), or opens a comment: work can be about todos, and todo is Spanish for all.
# Words that say it without a marker count in a comment, and in prose they may be about anything. A
# body that is nothing but NotImplementedError is none, but for what others are to override. What was
# only moved, with its file or without, was promised before: as many of the same are gone.
_MARKED: Final = r"""
"$@" diff-index --cached -p --unified=0 --text --no-color --no-ext-diff --no-textconv --no-renames "$REVISION" |
tr '\000' '\001' |
LC_ALL=C awk '
BEGIN {
    opens = "((^|[ \t;,{}()])(#|//|/[*]|<!--)|^[ \t]*([*]|--|;|%))"
    only = opens "[ \t]*[(]?"
    ends = "[).]?[ \t]*([*]/|-->)?[ \t]*$"
    says = opens ".*(your code here|to be implemented|not implemented yet|not yet implemented|implement (this |it |me )?later)"
    body = "^[ \t]*raise NotImplementedError([(].*[)])?[ \t]*(#.*)?$"
    cut = only "([.][.][.]+|\342\200\246)" ends
    same = "(" opens ".*[(]|" only ")unchanged" ends
    stub = "^[ \t]*(#|//|/[*]|<!--|[*]|--|;|%)[ \t]*[(]?(this is )?(just |only )?(an? )?placeholder( for now| (implementation|code|logic|value))?" ends
}
function later(line, name,  low) {
    low = tolower(line)
    if (low ~ /\.\.\. *(the )?(rest|remaining|existing|other|previous|same)|(rest|remainder) of (the )?(code|file|function|implementation)|implementation (goes )?here|(code|logic) (omitted|unchanged)/) return 1
    if (low ~ /(#|\/\/|\/\*|\*|--|;|%) *((todo|fixme|xxx) *(:|\(|\*\/|-->)|(fixme|xxx)([^a-z0-9_]|$))/) return 1
    # The dear ones only where one of their words is there at all.
    if (low ~ /placeholder|unchanged|your code|implement|\.\.\.|\342\200\246/ && name !~ /\.([Mm][Dd]|markdown|rst|txt|adoc)"?$/) {
        if (low ~ says || low ~ stub || low ~ cut || low ~ same) return 1
    }
    gsub(/["\047`](TODO|FIXME|XXX|TBD)["\047`]|[A-Za-z0-9_)]\.(TODO|FIXME|XXX|TBD)|(TODO|FIXME|XXX|TBD) *=/, "", line)
    return line ~ /(^|[^A-Za-z0-9_])(TODO|FIXME|XXX|TBD)([^A-Za-z0-9_]|$)/
}
function undone(line, name, before, ahead) {
    if (line !~ body) return 0
    if (name !~ /\.py"?$/ || name ~ /(^|[\/_])(tests?|conftest)([\/_.]|$)/) return 0
    if (before !~ /^[ \t]*(async )?def .*:[ \t]*(#.*)?$/) return 0
    if (tolower(line) ~ /subclass|overrid|abstract/ || ahead ~ /^[ \t]*@.*(abstract|overload)/) return 0
    return before !~ /\((self|cls)[,):]/ || line ~ /\(["\047]/
}
function size(range,  part) { return split(range, part, ",") > 1 ? part[2] + 0 : 1 }
function plain(line) { gsub(/^[ \t]+|[ \t\r]+$/, "", line); return line }
old + new == 0 && /^@@ / { old = size($2); new = size($3); split("", last); split("", second); next }
old + new == 0 && /^--- / { name[0] = substr($0, 7); sub(/\t$/, "", name[0]); next }
old + new == 0 && /^\+\+\+ / { name[1] = substr($0, 7); sub(/\t$/, "", name[1]); next }
old + new == 0 { next }
!/^[-+]/ { next }
{ side = /^\+/; line = substr($0, 2); promises = 0 }
side { new-- }
!side { old-- }
!/\001/ && count[side] < 10000 { promises = later(line, name[side]) || undone(line, name[side], last[side], second[side]) }
promises && side { text[++count[1]] = line; place[count[1]] = name[1] }
promises && !side { count[0]++; moved[plain(line)]++ }
{ second[side] = last[side]; last[side] = line }
END {
    for (one = 1; one <= count[1] && told < 20; one++) {
        if (moved[plain(text[one])]-- > 0) continue
        told++
        printf "%s: %s%c", place[one], substr(text[one], 1, 200), 0
    }
}'
"""


class Changes(Struct, frozen=True):
    """Paths that differ from where the run began, and lines of them that promise more, as `path: line`.

    `nested` are repositories that were made in the workspace, which cannot be part of a commit.
    """

    paths: frozenset[str]
    marked: tuple[str, ...]
    nested: tuple[str, ...] = ()


async def changes(git: Git, head: str) -> Changes:
    """Compare all that is not ignored with a commit. Raises GitFailed."""
    await git("read-tree", head, index=_INDEX)
    nested = await git.records(
        *("ls-files", "--others", "--exclude-standard", "-z"), index=_INDEX, only=_REPOSITORIES
    )
    if nested:  # one without a commit would be the end of it
        await git.outcome("add", "--all", "--ignore-errors", index=_INDEX)
    else:
        await git("add", "--all", index=_INDEX)
    names = await git.records(
        *("diff-index", "--cached", "--name-only", "--no-renames", "-z", head),
        index=_INDEX,
        only="p",
    )
    marked = await git.pipeline(_MARKED, index=_INDEX, REVISION=head)
    await git.command("rm", "-f", _INDEX)
    return Changes(
        frozenset(map(shown, names)), tuple(map(shown, marked)), tuple(map(shown, nested))
    )

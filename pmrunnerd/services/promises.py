"""Lines that leave work for later, of those that a run added."""

from typing import Final

from pmrunnerd.services.git import Git, shown

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


async def added(git: Git, head: str, *, index: str) -> tuple[str, ...]:
    """Return the first of them, as `path: line`, by what an index has more than a commit.

    Raises GitFailed.
    """
    return tuple(map(shown, await git.pipeline(_MARKED, index=index, REVISION=head)))

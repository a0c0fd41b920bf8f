r"""Which paths the globs of a gate's `inputs` mean: as in a `.gitignore`, so that nobody learns a second way.

A pattern without a `/`, or with one at its end only, holds at any depth; any other from the top. `*` and
`?` stay within a name, `**` is any number of names, `[a-z]` is one character, `\` takes the next one
as it is. What holds of a directory holds of all below it; a `/` at the end means directories only. `!`
takes back what the patterns before it took, and the last pattern that holds decides. Unlike git,
`!` also takes back a file of a directory that was taken.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

LONGEST: Final = 512
# Stands for `**` among the names of a pattern.
_ANY: Final = None

Name = re.Pattern[str] | None


def problem(pattern: str) -> str:
    """Say what is wrong with a pattern; empty where nothing is."""
    bare = pattern.removeprefix("!").strip("/")
    if not bare:
        return "is empty"
    if len(pattern) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if "\0" in pattern or "\n" in pattern:
        return "has a NUL or a line end"
    names = bare.split("/")
    if any(name in {"", ".", ".."} for name in names):
        return "has a part that is empty, `.` or `..`"
    try:
        list(map(_name, names))
    except ValueError as error:
        return str(error)
    return ""


def taken(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether the patterns, which have no problem, take a path of a file."""
    rules = [_rule(pattern) for pattern in patterns]

    def take(path: str) -> bool:
        names = path.split("/")
        for means, holds in reversed(rules):
            if holds(names):
                return means
        return False

    return take


def select(patterns: Sequence[str], paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that the patterns take; without any pattern, all of them."""
    take = taken(patterns)
    return (path for path in paths if not patterns or take(path))


def _rule(pattern: str) -> tuple[bool, Callable[[list[str]], bool]]:
    means = not pattern.startswith("!")
    bare = pattern.removeprefix("!")
    only_directories = bare.endswith("/")
    anchored = "/" in bare.rstrip("/")
    wanted = [_name(name) for name in bare.strip("/").split("/")]
    if not anchored:
        wanted = [_ANY, *wanted]

    def holds(names: list[str]) -> bool:
        # The file itself, or one of the directories that it lies in.
        longest = len(names) - 1 if only_directories else len(names)
        return any(_match(wanted, names[:length]) for length in range(1, longest + 1))

    return means, holds


def _match(wanted: Sequence[Name], names: Sequence[str]) -> bool:
    """Tell whether all names are those wanted: only the last `**` ever needs to take one more."""
    w = n = 0
    back: tuple[int, int] | None = None
    while n < len(names):
        if w < len(wanted) and wanted[w] is _ANY:
            back = (w, n)
            w += 1
        elif w < len(wanted) and (one := wanted[w]) is not None and one.fullmatch(names[n]):
            w, n = w + 1, n + 1
        elif back is not None:
            back = (back[0], back[1] + 1)
            w, n = back[0] + 1, back[1]
        else:
            return False
    return w == len(wanted)


def _name(name: str) -> Name:
    """Compile one name of a pattern; raise ValueError with the reason."""
    if name == "**":
        return _ANY
    fixed = [""]
    at = 0
    while at < len(name):
        one, at = name[at], at + 1
        if one == "*":
            fixed.append("")
        elif one == "?":
            fixed[-1] += "."
        elif one == "[":
            group, at = _group(name, at)
            fixed[-1] += group
        elif one == "\\":
            if at == len(name):
                raise ValueError("ends with a backslash")
            fixed[-1] += re.escape(name[at])
            at += 1
        else:
            fixed[-1] += re.escape(one)
    first, *rest = fixed
    if not rest:
        return re.compile(first, re.DOTALL)
    # Each star but the last takes as little as it can and never again more: no name takes long.
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{between}.*{rest[-1]}", re.DOTALL)


def _group(name: str, at: int) -> tuple[str, int]:
    end = name.find("]", at + 2 if name[at : at + 1] in {"!", "^"} else at + 1)
    if end == -1:
        raise ValueError("has a `[` without its `]`")
    inside = name[at:end]
    if "--" in inside or "[:" in inside:
        raise ValueError("has a `[…]` with `--` or `[:`, which means nothing here")
    no = "^" if inside[0] in "!^" else ""
    inside = inside[1:] if no else inside
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
    try:
        re.compile(f"[{no}{escaped}]")
    except re.error as error:
        raise ValueError(f"has a `[…]` that is none: {error.msg}") from None
    return f"[{no}{escaped}]", end + 1

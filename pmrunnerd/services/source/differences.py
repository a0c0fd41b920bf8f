"""How two commits differ: which paths, by their trees; how many lines, as git counts them.

Which paths are others is made out here, by trees whose hashes were made again. The lines of each
were counted where the repository is; nobody can count more of a path than that it changed.
"""

from io import BufferedReader
from typing import Final

from pmrunnerd.model.source import BOUNDS, Bounds, Change, Changed, Subject
from pmrunnerd.rules.source import commits
from pmrunnerd.rules.source.trees import Item, Malformed
from pmrunnerd.services.source.complaint import refuse, told
from pmrunnerd.services.source.objects import Damaged, Objects
from pmrunnerd.services.source.walk import Leaf, TooMuch, Wrong, tree_of, walk

_COUNTS: Final = 64 << 20
_FIELDS: Final = 3


def changed(
    file: BufferedReader, base: str, commit: str, bounds: Bounds = BOUNDS
) -> tuple[Changed, ...]:
    """Return what is not the same, by path. Come have to: the trees of both, and git's `--numstat`.

    Raises PmError.
    """
    what = f"compare {commit} with {base}"
    with told(what):
        before, after = (_paths(file, one, what, bounds) for one in (base, commit))
        lines = _counted(file)
        return tuple(
            Changed(path=path, kind=_kind(path, before, after), added=counts[0], removed=counts[1])
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
            for counts in [lines.get(path, (None, None))]
        )


def subjects(file: BufferedReader, commit: str, bounds: Bounds = BOUNDS) -> tuple[Subject, ...]:
    """Return what commits say of themselves, the latest first; those that come are all there are.

    Each has to be `commit`, or to be followed by one that came before. Raises PmError.
    """
    expected, found = {commit}, list[Subject]()
    with told(f"read what led to {commit}"):
        objects = Objects(file, len(commit))
        while id := _next(file, expected):
            if len(found) == bounds.commits:
                raise TooMuch(f"more than {bounds.commits} commits are between them")
            try:
                said = commits.parse(objects.whole(id, "commit"))
            except Malformed as exc:
                raise Damaged(f"commit {id} is none: {exc}") from exc
            expected = (expected - {id}) | set(said.parents)
            found.append(Subject(id=id, subject=said.subject, author=said.author))
    return tuple(found)


def _next(file: BufferedReader, expected: set[str]) -> str:
    """Return the id of the object that comes next; nothing at the end."""
    head = file.peek(256)[:64].split(b" ")[0].decode(errors="replace")
    if head and head not in expected:
        raise Damaged(f"{head} came, and nothing leads to it")
    return str(head)


def _paths(
    file: BufferedReader, commit: str, what: str, bounds: Bounds
) -> dict[str, tuple[int, str]]:
    objects, wrong = Objects(file, len(commit)), Wrong()
    tree = tree_of(objects, commit)
    steps = walk(objects, tree, wrong, bounds)
    found = {step.path: _same(step.item) for step in steps if isinstance(step, Leaf)}
    refuse(what, wrong)
    return found


def _same(item: Item) -> tuple[int, str]:
    return item.mode, item.id


def _kind(
    path: str, before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]
) -> Change:
    if path not in before:
        return Change.ADDED
    return Change.MODIFIED if path in after else Change.REMOVED


def _counted(file: BufferedReader) -> dict[str, tuple[int | None, int | None]]:
    """Return how many lines each path got and lost; None for what has no lines."""
    told = file.read(_COUNTS + 1)
    if len(told) > _COUNTS:
        raise TooMuch("more paths are others than can be counted")
    found: dict[str, tuple[int | None, int | None]] = {}
    for record in told.split(b"\0")[:-1]:
        added, _, rest = record.partition(b"\t")
        removed, _, path = rest.partition(b"\t")
        found[path.decode(errors="backslashreplace")] = _number(added), _number(removed)
    return found


def _number(digits: bytes) -> int | None:
    return int(digits) if digits.isdigit() and len(digits) < 20 else None  # noqa: PLR2004 - as many lines as 64 bits

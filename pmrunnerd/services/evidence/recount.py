"""Of which commits a content is, since when it changed what, and who made it: as git has it."""

from itertools import pairwise
from typing import Final

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.evidence import LIMIT, NAME, Account, Found, Lying, Made, Touched
from pmrunnerd.rules.evidence.areas import DECLARING, areas, declared, misplaced
from pmrunnerd.rules.evidence.sections import of_text
from pmrunnerd.services.evidence.entries import Entry, digest, entries
from pmrunnerd.services.git import Git, GitFailed, shown
from pmrunnerd.services.outcome import Exited

# Of so many commits it is asked whether they only wrote evidence, and of so many sections whether
# their commit is one that came before.
_STEPS: Final = 50
_SECTIONS: Final = 20
_COMMITS: Final = 2000
_SUBJECT: Final = 1000  # characters of it
# By the length of its name: the tree with nothing in it, which every git knows.
_EMPTY: Final = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_ALL: Final = "p"
_PLAIN: Final = ("-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")


async def recount(
    git: Git, revision: str, *, base: str = "", lying: Found | None = None
) -> tuple[Account, Found]:
    """Return what is known of the content of a commit, and its file of evidence, or the one `lying`.

    `base` is the commit that it is compared with, where somebody says which. Raises GitFailed,
    NotFound, and Refused for what no source has.
    """
    commit = await _named(git, revision)
    files = await entries(git, commit)
    source = await digest(git, files)
    found = lying or await _found(git, files)
    commits = await _commits_of(git, commit)
    since = await _named(git, base) if base else await _base(git, found, source, commits)
    declaring: dict[str, bytes] = {
        name: await _content(git, files[name]) for name in DECLARING if name in files
    }
    account = Account(
        source=source,
        commits=commits,
        base=since,
        made=await _made(git, since, commits[-1]),
        changed=tuple(areas(await _touched(git, since, commits[-1]), declared(declaring))),
        misplaced=misplaced(map(shown, files)),
    )
    return account, found


async def _named(git: Git, revision: str) -> str:
    try:
        return await git.commit_id(revision)
    except GitFailed:
        raise NotFound(
            f"cannot find commit {shown(revision)} in {git.cell.workspace}",
            hint=f"git -C {git.cell.workspace} log --oneline",
        ) from None


async def _found(git: Git, files: dict[str, Entry]) -> Found:
    """Return the file of evidence as a commit has it."""
    entry = files.get(NAME)
    if entry is None:
        is_directory = any(path.startswith(f"{NAME}/") for path in files)
        return Found(lying=Lying.DIRECTORY if is_directory else Lying.MISSING)
    if not entry.mode.startswith("100"):
        return Found(lying=Lying.LINK if entry.mode == "120000" else Lying.SOMETHING)
    if entry.size > LIMIT:
        return Found(lying=Lying.TOO_LARGE, size=entry.size)
    return Found(lying=Lying.FILE, data=await _content(git, entry), size=entry.size)


async def _content(git: Git, entry: Entry) -> bytes:
    if entry.size > LIMIT:
        raise GitFailed(
            f"cannot read {entry.blob}: it has {entry.size} bytes, and {LIMIT} are the most"
        )
    outcome = await git.outcome("cat-file", "blob", entry.blob)
    if not (isinstance(outcome, Exited) and outcome.status == 0):
        raise GitFailed(f"cannot read {entry.blob}: git has not all of it", hint="git fsck")
    return outcome.out


async def _commits_of(git: Git, commit: str) -> tuple[str, ...]:
    """Return a commit and those before it after which nothing but evidence was written."""
    words = ("rev-list", "--first-parent", f"--max-count={_STEPS + 1}", commit)
    line = (await git(*words)).split()
    for count, (child, parent) in enumerate(pairwise(line), 1):
        names = await git.records("diff-tree", *_PLAIN, "--name-only", parent, child, only=_ALL)
        if {*names} - {NAME}:
            return tuple(line[:count])
    return tuple(line[:_STEPS])


async def _base(git: Git, found: Found, source: str, commits: tuple[str, ...]) -> str:
    """Return the commit of the newest other section that came before, and has the content it says."""
    text = found.data.decode(errors="replace")
    for section in of_text(text)[:_SECTIONS]:
        named = section.commit
        if section.digest == source or not named or named in commits:
            continue
        if not await git.succeeds("merge-base", "--is-ancestor", named, commits[-1]):
            continue
        if await digest(git, await entries(git, named)) == section.digest:
            return named
    return ""


async def _made(git: Git, base: str, commit: str) -> tuple[Made, ...]:
    words = ("log", "--no-show-signature", "--no-notes", "--no-color", "--encoding=UTF-8", "-z")
    span = f"{base}..{commit}" if base else commit
    records = await git.records(
        *words, f"--max-count={_COMMITS}", "--format=%H %s", span, "--", only=_ALL
    )
    split = (shown(record).partition(" ") for record in records)
    return tuple(Made(commit=name, subject=subject[:_SUBJECT]) for name, _, subject in split)


async def _touched(git: Git, base: str, commit: str) -> list[Touched]:
    before = base or _EMPTY[len(commit)]
    records = await git.records("diff-tree", *_PLAIN, "--numstat", before, commit, only=_ALL)
    split = (record.split("\t", 2) for record in records)
    return [
        Touched(path=shown(path), added=_lines(added), removed=_lines(removed))
        for added, removed, path in split
    ]


def _lines(count: str) -> int:
    return int(count) if count.isdigit() else 0  # of what is no text nobody counts them

"""Commits of runs: made with trailers that name them, and found again by these."""

import logging
import os
from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from pmrunnerd.model.errors import PmError
from pmrunnerd.model.views import UNCONFINED
from pmrunnerd.services.broom.errand import DEEPEST
from pmrunnerd.services.git import OBJECT, Git, GitFailed, TooSlow, email, shown
from pmrunnerd.services.status import listed

log = logging.getLogger(__name__)

TRAILER: Final = "PM-Runner-Run"
CONFINEMENT: Final = "PM-Runner-Confinement"
# How far back a run's commit may lie behind those that people have made since.
_DEPTH: Final = 10_000
_SUBJECT: Final = 200
_BEGINNING: Final = 40  # characters of a path that is too long to be told
_GITLINK: Final = "160000"
# Two records each: the modes before and after, and the path.
_NESTED: Final = f"/^:[0-7]* {_GITLINK} /{{p;n;p}}"


class Commit(Struct, frozen=True, kw_only=True):
    """A commit that holds a run's work, and how many files that is."""

    id: str
    subject: str
    files: int
    run: str = ""


class NestedRepository(GitFailed):
    """The run left git repositories of its own in the workspace, which git cannot commit."""

    def __init__(self, paths: Sequence[str]) -> None:
        named = ", ".join(map(shown, paths))
        super().__init__(f"cannot commit {named}: it is a git repository of its own")


class InSubmodule(GitFailed):
    """The run left files in submodules that it did not commit there, so that no commit can have them."""

    def __init__(self, paths: Sequence[str]) -> None:
        named = listed(tuple(paths))
        super().__init__(
            f"cannot commit {named}: it is in a submodule, and not committed there;"
            " a run has to commit it there, or its .gitignore to name it"
        )


class TooDeep(GitFailed):
    """The run made files with paths that are longer than git takes."""

    def __init__(self, paths: Sequence[str], aside: str) -> None:
        named = ", ".join(f"{shown(path)[:_BEGINNING]}…" for path in paths)
        super().__init__(f"cannot commit {named}: git takes no path that long; it is in {aside}")


class Unnamed(PmError):
    """The work is committed, and git cannot say as what; whoever looks later finds it."""


def refusal(paths: Sequence[str], aside: str) -> GitFailed:
    """Return why these directories, which went `aside`, keep work from being committed."""
    if deep := [path for path in paths if len(os.fsencode(path)) > DEEPEST]:
        return TooDeep(deep, aside)
    return NestedRepository(paths)


async def find(git: Git, runs: Collection[str]) -> Commit | None:
    """Return the latest commit in the history of HEAD that one of these runs made at its end.

    It has the run's trailer and its committer: a message alone can name any run.
    """
    if not runs:
        return None
    text = await git(
        *("log", "--no-show-signature", f"--max-count={_DEPTH}", "-z"),
        f"--format=%H%n%ce%n%(trailers:key={TRAILER},valueonly,separator=%x20)%n%s",
        "HEAD",
    )
    for record in filter(None, text.split("\0")):
        id, committer, made, subject = record.split("\n", 3)
        for run in made.split():
            if run in runs and committer == email(run) and OBJECT.fullmatch(id):
                return Commit(id=id, subject=subject, files=await _count_of(git, id), run=run)
    return None


async def stage(git: Git) -> None:
    """Put all that is not ignored into the index. Raises GitFailed."""
    # What a run made where a sparse checkout leaves files out is there, and counts.
    await git("add", "--all", "--sparse")


async def make(git: Git, subject: str, trailers: Sequence[tuple[str, str]]) -> None:
    """Commit what was staged, if it differs at all; one that nothing confined says so.

    Raises NestedRepository, GitFailed.
    """
    if nested := await nested_repositories(git):
        raise NestedRepository(nested)
    if await git.succeeds("diff-index", "--cached", "--quiet", "HEAD", "--"):
        return  # line ends that git evens out, for example
    said = (*trailers, *(() if git.cell.confined else ((CONFINEMENT, UNCONFINED),)))
    text = "\n".join(f"{_line(name)}: {_line(value)}" for name, value in said)
    message = f"{_subject(git, subject)}\n\n{text}\n"
    await git("commit", "--quiet", "--no-verify", "--cleanup=verbatim", "-m", message)


async def made(git: Git) -> str:
    """Return which commit HEAD is once `make` is done. Raises Unnamed."""
    try:
        return await git.commit_id("HEAD")
    except (GitFailed, TooSlow) as exc:
        raise Unnamed(str(exc)) from exc


async def described(git: Git, began: str, id: str, subject: str) -> Commit:
    """Return a commit with what people are told of it. That git cannot say it is no reason to lose it."""
    try:
        said = (await git("log", "--no-show-signature", "-1", "--format=%s", id, "--")).strip()
        return Commit(id=id, subject=said, files=await count(git, began, id))
    except (GitFailed, TooSlow) as exc:
        log.warning("run %s: %s", git.run, exc)
        return Commit(id=id, subject=_subject(git, subject), files=0)


async def nested_repositories(git: Git, index: str = "", head: str = "HEAD") -> list[str]:
    """Return what an index has as a link to another repository and a commit has not."""
    words = await git.records(
        *("diff-index", "--cached", "--raw", "--no-renames", "-z", head, "--"),
        index=index,
        only=_NESTED,
    )
    return [
        path
        for modes, path in zip(words[::2], words[1::2], strict=True)
        if modes.split()[0] != f":{_GITLINK}"
    ]


async def count(git: Git, old: str, new: str) -> int:
    """Return how many files differ between two commits."""
    text = await git("diff-tree", "-r", "--name-only", "--no-renames", "-z", old, new, "--")
    return text.count("\0")


async def _count_of(git: Git, commit: str) -> int:
    text = await git(
        "diff-tree", "--root", "-r", "--no-commit-id", "--name-only", "--no-renames", "-z", commit
    )
    return text.count("\0")


def _subject(git: Git, title: str) -> str:
    return _line(title)[:_SUBJECT] or git.run


def _line(text: str) -> str:
    """Make one line of it, with nothing in it that a terminal or git would act on."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

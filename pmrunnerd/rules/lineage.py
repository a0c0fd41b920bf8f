"""Which history a commit's number belongs to: a state that was restored counts on from where it stood.

A state is of the lineage that its first daemon began; each restore begins another one, behind the
last commit of the archive. So whoever has read up to a commit, and knows of which lineage that was,
can be told how much of it is true here.
"""

from typing import Final

from pmrunnerd.model.state import State

_ABOUT: Final = "lineages"


def found(state: State, name: str) -> None:
    """Take note of what a state begins with, unless it has begun."""
    if _ABOUT not in state.about:
        branch(state, name, 0)


def branch(state: State, name: str, commits: int) -> None:
    """Take note that everything behind so many commits is of another lineage."""
    state.about[_ABOUT] = f"{state.about.get(_ABOUT, '')} {name}@{commits}".lstrip()


def current(state: State) -> str:
    """Return the lineage that a state is of; empty for one that has not begun."""
    lineages = _all(state)
    return lineages[-1][0] if lineages else ""


def shared(state: State, lineage: str, commit: int) -> int:
    """Return the last commit, up to one of some lineage, that a state has in common with it.

    Of a lineage that it never heard of, that is what was there before its own began.
    """
    lineages = _all(state)
    names = [name for name, _ in lineages]
    ends = [commits for _, commits in lineages[1:]] + [state.seq]
    if lineage in names:
        return min(commit, *ends[names.index(lineage) :])
    return min(commit, lineages[-1][1] if lineages else 0)


def _all(state: State) -> list[tuple[str, int]]:
    """Return the lineages of a state, and how many commits were there before each."""
    said = (one.rpartition("@") for one in state.about.get(_ABOUT, "").split())
    return [(name, int(commits)) for name, _, commits in said]

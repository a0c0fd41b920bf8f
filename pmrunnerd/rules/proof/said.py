"""What is said of a link: whether it holds, and why."""

from pmrunnerd.model.proof import Holding
from pmrunnerd.rules.proof import manifest
from pmrunnerd.rules.proof.found import Paper

Said = tuple[Holding, str]


def holds(why: str) -> Said:
    return Holding.HOLDS, why


def absent(why: str) -> Said:
    return Holding.ABSENT, why


def fails(*why: str) -> Said:
    return Holding.FAILS, manifest.some(why)


def unread(paper: Paper, what: str) -> str:
    """Return why something could not be looked at."""
    if isinstance(paper, str):
        return paper
    return f"{what} is not what it should be" if paper else f"{what} is not there"

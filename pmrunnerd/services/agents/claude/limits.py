"""What a person is asked where a limit of turns or of cost is reached. Pure."""

from typing import Final

from pmrunnerd.model.progress import Asked, Budget
from pmrunnerd.model.questions import OPTIONS, Kind

_RAISE: Final = "Raise it once more by the same, or stop?"


def turns(most: int) -> Asked:
    """Return the question about a run that has taken all of its turns."""
    return _ask(f"The model has taken {most} turns, the limit of one run. {_RAISE}", "")


def dollars(budget: Budget, cost: float) -> Asked:
    """Return the question about a limit of cost; `cost` are US dollars of this run."""
    used = budget.used - budget.reserved + cost
    others = f", others that run may take ${budget.reserved:.2f} more" if budget.reserved else ""
    said = f"The {budget.scope} has cost ${used:.2f}{others}, and may cost ${budget.limit:.2f}."
    return _ask(f"{said} {_RAISE}", budget.about or budget.scope)


def _ask(text: str, about: str) -> Asked:
    return Asked(at="", text=text, options=OPTIONS[Kind.BUDGET], kind=Kind.BUDGET, about=about)

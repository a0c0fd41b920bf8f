"""What a person is asked where a limit of turns or of cost is reached. Pure."""

from typing import Final

from pmrunnerd.model.progress import Asked
from pmrunnerd.model.questions import OPTIONS, Kind
from pmrunnerd.model.spec import Budget

_LEAST: Final = 0.0001
_RAISE: Final = "Raise it once more by the same, or stop?"


def turns(most: int) -> Asked:
    """Return the question about a run that has taken all of its turns."""
    return _ask(f"The model has taken {most} turns, the limit of one run. {_RAISE}", "")


def dollars(budget: Budget, cost: float) -> Asked:
    """Return the question about a limit of cost; `cost` are US dollars of this run."""
    used = budget.used - budget.reserved + cost
    more = f", others that run may take {_spelled(budget.reserved)} more" if budget.reserved else ""
    cost_and_limit = f"has cost {_spelled(used)}{more}, and may cost {_spelled(budget.limit)}."
    return _ask(f"The {budget.scope} {cost_and_limit} {_RAISE}", budget.about or budget.scope)


def _spelled(dollars: float) -> str:
    # To the cent, and less than one dollar to a cent's hundredths: as everywhere else.
    if 0 < dollars < _LEAST:
        return f"less than ${_LEAST}"
    return f"${dollars:.2f}" if dollars >= 1 or dollars == 0 else f"${dollars:.4f}"


def _ask(text: str, about: str) -> Asked:
    return Asked(at="", text=text, options=OPTIONS[Kind.BUDGET], kind=Kind.BUDGET, about=about)

"""What an agent with a model did, in a line each: its tools, its files, its cost, its plan."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pmrunnerctl import amounts
from pmrunnerctl.width import one_line
from pmrunnerd.model import progress as pr

_THOUGHT: Final = 200  # characters of a thought, or of what came back from a tool
_RAW: Final = 300
_A_SECOND: Final = 1000  # milliseconds


def line(said: pr.AnyProgress) -> str:
    """Return the line of a report; empty for one that is not an agent's.

    It is one whatever the agent put into it: a second one could pass for the runner's own.
    """
    return one_line(_told(said))


def _told(said: pr.AnyProgress) -> str:
    text = ""
    match said:
        case pr.Said(text=text):
            text = f"thinks: {_one(text, _THOUGHT)}"
        case pr.Used(tool=tool, target=target, result=result, failed=failed):
            how = " failed" if failed else ""
            back = f" → {_one(result, _THOUGHT)}" if result else ""
            text = f"{tool or 'answer'}{how}{f': {_one(target, _THOUGHT)}' if target else ''}{back}"
        case pr.Changed(path=path, added=added, removed=removed):
            text = f"changed {path} (+{added} −{removed})"
        case pr.Charged(dollars=dollars, turns=turns):
            text = f"cost {amounts.dollars(dollars)} so far, {amounts.count(turns, 'turn')}"
        case pr.Found(findings=findings):
            text = f"found: {'; '.join(findings)}"
        case pr.Proposed(title=title, tasks=tasks):
            names = (task.name + _needs(task.needs) for task in tasks)
            text = f"proposed {title}: {', '.join(names)}"
        case pr.Limited(reason=reason, until=until):
            text = reason + (f", until {until}" if until else "")
        case pr.Other(kind=kind, data=data):
            text = _other(kind, _object(data)) or f"{kind}: {_one(data, _RAW)}"
    return text


def _other(kind: str, data: Mapping[str, Any]) -> str:
    """Return words for what we have no report for; empty where there are none either."""
    match kind, data:
        case "api_retry", {"attempt": n, "max_retries": most, "retry_delay_ms": int() as delay}:
            named = " ".join(str(data[key]) for key in ("error_status", "error") if data.get(key))
            why = f" ({named})" if named else ""
            soon = f"in {delay / 1000:.0f} s" if delay >= _A_SECOND else "at once"
            return f"the provider did not answer{why}; trying again {soon}, {n} of {most}"
        case "RateLimitEvent", {"utilization": int() | float() as used}:
            return f"{used:.0%} of the provider's limit is used".replace("%", " %", 1)
        case "task_started", {"description": str(what)}:
            return f"started: {_one(what, _THOUGHT)}"
        case "task_notification", {"summary": str(what)}:
            return _one(what, _THOUGHT)
    return ""


def _object(data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:  # cut, say
        return {}
    return found if isinstance(found, dict) else {}


def _needs(names: tuple[str, ...]) -> str:
    return f" (after {' and '.join(names)})" if names else ""


def _one(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"

"""What a call of Claude Code's AskUserQuestion asks. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from pmrunnerd.model.progress import Asked

TOOL: Final = "AskUserQuestion"


def read(given: Mapping[str, Any]) -> tuple[Asked, ...]:
    """Return the questions of one call, as a person is asked them."""
    asked = given.get("questions")
    return tuple(
        _one(one) for one in (asked if isinstance(asked, list) else ()) if isinstance(one, dict)
    )


def _one(given: Mapping[str, Any]) -> Asked:
    offered = given.get("options")
    options = [o for o in (offered if isinstance(offered, list) else ()) if isinstance(o, dict)]
    return Asked(
        at="",
        text=str(given.get("question", "")),
        options=tuple(str(option.get("label", "")) for option in options),
        details=tuple(str(option.get("description", "")) for option in options),
        multiple=bool(given.get("multiSelect")),
    )

"""What a new session of Claude Code is told to do, and how. Pure."""

from typing import Final

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.spec import Spec
from pmrunnerd.services.agents import prompts

_PLANNING: Final = (
    "Plan the request below; change nothing. Read what you need. Ask, with AskUserQuestion, only what"
    " the request leaves open and a wrong guess would waste. One task is best where the work is small;"
    " several only where they can be checked one by one. Each task is done by somebody who sees its"
    " instructions and the plan, and nothing of this conversation."
)
_WORKING: Final = (
    "Do the task below in the workspace that you are in, to the end: nothing is left for later, and"
    " what can be checked is checked. Ask, with AskUserQuestion, where a wrong guess would do harm."
    " You need not commit: all that you change is committed when you are done."
)


def first(spec: Spec) -> str:
    """Return what a new session is told."""
    return prompts.first(spec, _PLANNING if spec.kind is TaskKind.PLANNING else _WORKING)

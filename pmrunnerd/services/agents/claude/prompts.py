"""What a new session of Claude Code is told to do, and how. Pure."""

from collections.abc import Sequence
from typing import Final

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.spec import Spec
from pmrunnerd.services.agents import prompts
from pmrunnerd.services.agents.claude.waiting import Use
from pmrunnerd.services.agents.targets import short, target

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
_CUT_OFF: Final = (
    "Your turn was cut short. What else you had called in it was refused by nobody, whatever its result"
    " says; it was not done, or not to its end:\n{uses}\n"
    "Look what is done, and call again what you still want."
)
# Of what was cut off, so many are named, and so many characters of what each was used on.
_NAMED: Final = 20
_SHOWN: Final = 200


def first(spec: Spec) -> str:
    """Return what a new session is told."""
    return prompts.first(spec, _PLANNING if spec.kind is TaskKind.PLANNING else _WORKING)


def cut_off(uses: Sequence[Use]) -> str:
    """Return what a session is told of what the end of its turn stopped; empty for nothing."""
    if not uses:
        return ""
    more = [f"- and {len(uses) - _NAMED} more"] if len(uses) > _NAMED else []
    return _CUT_OFF.format(uses="\n".join([*map(_named, uses[:_NAMED]), *more]))


def _named(use: Use) -> str:
    on = " ".join(short(target(use.given), _SHOWN).split())
    return f"- {use.tool}: {on}" if on else f"- {use.tool}"

"""What an agent of the protocol is told. Pure: the same spec and session give the same words."""

from typing import Final

from pmrunnerd.model.spec import Spec
from pmrunnerd.services.agents import prompts, verification
from pmrunnerd.services.agents.acp.permissions import Permissions

_WORKING: Final = (
    "Do the task below in the workspace that you are in, to the end: nothing is left for later, and"
    " what can be checked is checked. You need not commit: all that you change is committed when you"
    " are done. Your last message is the result: what was done, and how it was checked, for whoever"
    " goes on with it."
)
_BEFORE: Final = (
    "Somebody worked on it before you. What was changed then lies in the workspace: look first."
)


def opening(spec: Spec, permissions: Permissions, lost: str, *, loaded: bool) -> str:
    """Return what a session is told first; one that is not `loaded` knows of nothing.

    `lost` as of `prompts.lost`.
    """
    decided = permissions.news(anew=not loaded)
    said = verification.instructions(spec, anew=not loaded)
    if not loaded:
        before = _BEFORE if spec.earlier and not lost else ""
        answers = prompts.answered(spec.answers)
        return _joined(prompts.first(spec, _WORKING), before, answers, decided, said, lost)
    answers = prompts.answered([one for one in spec.answers if one.news])
    if heard := _joined(answers, decided, said):
        return _joined(heard, lost)
    interrupted = bool(spec.earlier) and spec.earlier[-1] in spec.interrupted
    return prompts.going_on(spec, interrupted=interrupted, lost=lost)


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))

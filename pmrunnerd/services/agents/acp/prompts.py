"""What an agent of the protocol is told. Pure: the same spec and session give the same words."""

from typing import Final

from pmrunnerd.model.progress import Spec
from pmrunnerd.services.agents import prompts, verification
from pmrunnerd.services.agents.acp import questions

_WORKING: Final = (
    "Do the task below in the workspace that you are in, to the end: nothing is left for later, and"
    " what can be checked is checked. You need not commit: all that you change is committed when you"
    " are done. Your last message is the result: what was done, and how it was checked, for whoever"
    " goes on with it."
)
_BEFORE: Final = (
    "Somebody worked on it before you. What was changed then lies in the workspace: look first."
)


def opening(spec: Spec, news: str, lost: str, *, loaded: bool) -> str:
    """Return what a session is told first; one that is not `loaded` knows of nothing.

    `news` is what was decided, `lost` as of `prompts.lost`.
    """
    before = spec.earlier[-1] if spec.earlier else ""
    said = verification.instructions(spec)
    if not loaded:
        answers = questions.told(spec.answers)
        parts = [prompts.first(spec, _WORKING), _BEFORE if before else "", answers]
        return _joined(*parts, news, said, lost)
    heard = _joined(questions.told(spec.answers, before), news, said)
    if heard:
        return _joined(heard, lost)
    return prompts.going_on(spec, interrupted=before in spec.interrupted, lost=lost)


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))

"""What becomes of work that an agent says is done: looked at, sent back so often, then a person's."""

from typing import Final

from pmrunnerd.model import brief
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.progress import Asked, Concluded, Found
from pmrunnerd.model.questions import ACCEPT, OPTIONS, Kind
from pmrunnerd.model.spec import Spec
from pmrunnerd.services.agents import prompts
from pmrunnerd.services.agents.inspector import Inspector
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.cell import CannotConfine

_MISPLACED: Final = (
    "What was accepted cannot be put on the branch as that is now; it is kept as {ref}"
    " (git show {ref}). Accept it again once the two go together, or say what is to be done."
)


class Verification:
    """Looks at the work of one run. `sent_back` is what the agent is told where it is not done."""

    def __init__(self, job: Job, report: Report) -> None:
        self._inspector = Inspector(job)
        self._report = report
        self._rounds = job.spec.means.rounds
        self.sent_back = ""

    async def judge(self, result: Result) -> Verdict | None:
        """Return what the work comes to; None where it is sent back. Raises GitFailed, OSError."""
        try:
            found = await self._inspector.look(result)
        except CannotConfine as exc:
            return unseen(exc)
        if not found:
            self._report.tell(Concluded(at="", text=result.summary))
            return Verdict(outcome=Outcome.SUCCEEDED)
        self._report.tell(Found(at="", findings=found))
        if self._rounds > 0:
            self._rounds -= 1
            self.sent_back = prompts.findings(found)
            return None
        listed = "\n".join(f"- {line}" for line in found)
        summary = brief.cut(result.summary, brief.REASON)
        text = f"It says that the task is done: {summary}\nWhat was found:\n{listed}"
        return _ask(self._report, text)


def unseen(exc: CannotConfine) -> Verdict:
    """Return what work comes to that nobody can look at: the agent had a sandbox, so it passes."""
    return Verdict(outcome=Outcome.INTERRUPTED, reason=str(exc))


def accepted(job: Job, report: Report) -> Verdict | None:
    """Return the end of a run whose work a person accepted as the one before left it; else None."""
    spec = job.spec
    if spec.kind is TaskKind.PLANNING or _said(spec) != ACCEPT:
        return None
    if job.restored is not None and not job.restored.there:
        return _ask(report, _MISPLACED.format(ref=job.restored.ref))
    report.tell(Concluded(at="", text="a person accepted it as it was"))
    return Verdict(outcome=Outcome.SUCCEEDED)


def instructions(spec: Spec, *, anew: bool = False) -> str:
    """Return what the agent is told of what a person said to the findings; empty for nothing.

    A session that is begun `anew` is told what is no news, too.
    """
    said = _said(spec, anew=anew)
    return prompts.instructed(said) if said not in {"", ACCEPT} else ""


def _said(spec: Spec, *, anew: bool = False) -> str:
    """Return what a person said last to findings; empty for nothing, or for what is no news."""
    found = [o.answer for o in spec.answers if o.kind is Kind.FINDINGS and (o.news or anew)]
    return found[-1] if found else ""


def _ask(report: Report, text: str) -> Verdict:
    report.tell(Asked(at="", text=text, options=OPTIONS[Kind.FINDINGS], kind=Kind.FINDINGS))
    return Verdict(outcome=Outcome.ASKED)

"""What becomes of work that an agent says is done: looked at, sent back so often, then a person's."""

from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.progress import Asked, Concluded, Found, Spec
from pmrunnerd.model.questions import ACCEPT, OPTIONS, Kind
from pmrunnerd.services.agents import prompts
from pmrunnerd.services.agents.inspector import Inspector
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.agents.review import Result


class Verification:
    """Looks at the work of one run. `sent_back` is what the agent is told where it is not done."""

    def __init__(self, job: Job, report: Report) -> None:
        self._inspector = Inspector(job)
        self._report = report
        self._rounds = job.spec.means.rounds
        self.sent_back = ""

    async def judge(self, result: Result) -> Verdict | None:
        """Return what the work comes to; None where it is sent back. Raises GitFailed, OSError."""
        found = await self._inspector.look(result)
        if not found:
            self._report.tell(Concluded(at="", text=result.summary))
            return Verdict(outcome=Outcome.SUCCEEDED)
        self._report.tell(Found(at="", findings=found))
        if self._rounds > 0:
            self._rounds -= 1
            self.sent_back = prompts.findings(found)
            return None
        listed = "\n".join(f"- {line}" for line in found)
        text = f"It says that the task is done: {result.summary}\nWhat was found:\n{listed}"
        self._report.tell(
            Asked(at="", text=text, options=OPTIONS[Kind.FINDINGS], kind=Kind.FINDINGS)
        )
        return Verdict(outcome=Outcome.ASKED)


def accepted(spec: Spec, report: Report) -> Verdict | None:
    """Return the end of a run whose work a person accepted as the one before left it; else None."""
    if spec.kind is not TaskKind.WORK or last(spec, Kind.FINDINGS) != ACCEPT:
        return None
    report.tell(Concluded(at="", text="a person accepted it as it was"))
    return Verdict(outcome=Outcome.SUCCEEDED)


def instructions(spec: Spec) -> str:
    """Return what the agent is told of what a person said to the findings; empty for nothing."""
    return prompts.instructed(said) if (said := last(spec, Kind.FINDINGS)) else ""


def last(spec: Spec, kind: Kind) -> str:
    """Return what a person answered to what the run before this one asked; empty for nothing."""
    before = spec.earlier[-1] if spec.earlier else ""
    found = [one.answer for one in spec.answers if one.kind is kind and one.run == before]
    return found[-1] if found else ""

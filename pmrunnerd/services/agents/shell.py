"""The agent that is always there: runs a script with bash, and needs no account anywhere."""

import asyncio
import stat
from typing import Final

from pmrunnerd.model.entities import Outcome
from pmrunnerd.services.agents import asking
from pmrunnerd.services.agents.asking import Answers, Question
from pmrunnerd.services.agents.listening import Ears
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from pmrunnerd.services.cell import Command

_SCRIPT: Final = "script"
_BASH: Final = ("bash", "-euo", "pipefail")


class Shell:
    """Runs the text of a task under `bash -euo pipefail`; what it asks ends it (`pm-ask --help`)."""

    name = "shell"
    replays = True
    plans = False
    needs_login = False

    async def work(self, job: Job, report: Report) -> Verdict:
        """Run the script to its end, its limits, or its first question without an answer.

        Raises OSError where a report cannot be recorded; CannotConfine.
        """
        asking.install(job.directory, job.cell.inside("").rstrip("/"))
        script = job.directory / _SCRIPT
        script.write_text(job.spec.text, encoding="utf-8", errors="surrogateescape")
        script.chmod(stat.S_IRUSR | stat.S_IWUSR)
        end = _End(job)
        ears = Ears(report, heard=end.heard, failed=end.fail)
        known = Answers(job.spec.answers)
        async with asking.listening(job.directory, known, end.asked):
            command = await job.cell.start((*_BASH, job.cell.inside(_SCRIPT)), job.environment)
            try:
                ears.listen("stdout", command.stdout)
                ears.listen("stderr", command.stderr)
                what = await _whatever_comes_first(end, command)
            finally:
                end.cancel()
                await command.end()
                await ears.close()
                if command.usage is not None:
                    report.used(command.usage)
        if isinstance(what, Question):
            report.asked(what.question, what.options)
            return Verdict(outcome=Outcome.ASKED)
        return _judge(what, ears, job)


class _End:
    """The first thing that ends a script: a question, a limit, its exit, or a failure of ours."""

    def __init__(self, job: Job) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = job.spec.limits
        self._timer = self._loop.call_later(self._limits.silence, self._be, Outcome.STALLED)
        self._total = self._loop.call_later(self._limits.total, self._be, Outcome.TIMED_OUT)
        self.come: asyncio.Future[int | Question | Outcome] = self._loop.create_future()

    def _be(self, what: int | Question | Outcome) -> None:
        if not self.come.done():
            self.come.set_result(what)

    def heard(self) -> None:
        """Begin to count the silence anew."""
        self._timer.cancel()
        self._timer = self._loop.call_later(self._limits.silence, self._be, Outcome.STALLED)

    def asked(self, question: Question) -> None:
        """End with a question that nobody has answered."""
        self._be(question)

    def exited(self, status: int) -> None:
        """End as the script ended."""
        self._be(status)

    def fail(self, exc: OSError) -> None:
        """End because what is reported cannot be recorded."""
        if not self.come.done():
            self.come.set_exception(exc)

    def cancel(self) -> None:
        """Wait for nothing any more."""
        self._timer.cancel()
        self._total.cancel()
        if self.come.done() and not self.come.cancelled():
            self.come.exception()  # it was looked at, or something worse has happened since


async def _whatever_comes_first(end: _End, command: Command) -> int | Question | Outcome:
    async def exit_() -> None:
        end.exited(await command.wait())

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(exit_())
        try:
            # Not the future itself: an error of it is this function's to raise, not the group's.
            await asyncio.wait([end.come])
        finally:
            waiting.cancel()
    return end.come.result()


def _judge(what: int | Outcome, ears: Ears, job: Job) -> Verdict:
    tail = str(ears.tail)
    last = f": {tail}" if tail else ""
    limits = job.spec.limits
    match what:
        case Outcome.STALLED:
            return Verdict(outcome=what, reason=f"silent for {limits.silence:g} s{last}")
        case Outcome.TIMED_OUT:
            return Verdict(outcome=what, reason=f"not done after {limits.total:g} s{last}")
        case 0:
            return Verdict(outcome=Outcome.SUCCEEDED, status=0)
        case int() if what < 0:
            return Verdict(outcome=Outcome.FAILED, reason=f"signal {-what} ended it{last}")
        case status:
            why = f"exit status {status}{last}"
            return Verdict(outcome=Outcome.FAILED, reason=why, status=int(status))

"""One task, killed at a moment of its life, and gone on with as a daemon would."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from pmrunnerd.engine.specs import spec
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, Run, TaskState
from pmrunnerd.model.progress import AnyProgress, Began, Finished, PutAway
from pmrunnerd.model.settings import Settings
from pmrunnerd.rules import answers, decide
from pmrunnerd.rules.outcomes import Circumstances, Seen, ended, gone
from pmrunnerd.services import leftovers
from tests.fakes.model import Model, Step
from tests.integration.claude.parts import Claudes, question, result, uses, written
from tests.integration.runhost.hosts import Hosts, every
from tests.unit.rules.life import AT, a_plan, happen, started

ANSWER = "cherry"
MOST = 4  # runs that it may take to the end, after the one that was killed


class Task:
    """What a daemon records of a task, and what the runs of it are told by that."""

    def __init__(self, hosts: Hosts, model: Model) -> None:
        self.hosts = hosts
        self.model = model
        self.claudes = Claudes(hosts, model)
        self.state = a_plan()
        self.run = ""

    def start(self) -> None:
        attempt = len(self.state.tasks["t1"].runs) + 1
        wanted = Run(id="", task="t1", project="w1", agent="claude", attempt=attempt, at="")
        told = spec(self.state, wanted, Settings(), "dev")
        self.run = self.claudes.start(
            resumes=told.resumes,
            answers=told.answers,
            interrupted=told.interrupted,
            perhaps_finished=told.perhaps_finished,
        )
        happen(self.state, started("t1", self.run, attempt))

    def over(self, answer: str = ANSWER) -> list[AnyProgress]:
        """Wait for the end of a run, record what it said, and answer what it asked."""
        said = self.hosts.over(self.run)
        # As a daemon does: a sandbox that was just being made can be there for a moment.
        self.hosts.stop(self.run)
        assert leftovers.of(self.run) == set()
        seen = Seen()
        for one in said:
            seen.look(0, one)
            if isinstance(one, PutAway):
                away = ev.LeftoversKept(run=one.run, project="w1", ref=one.ref, files=one.files)
                happen(self.state, away)
        last = said[-1] if said and isinstance(said[-1], Finished) else gone("it was killed")
        patient = Circumstances(patience=MOST, now=AT)
        happen(self.state, *ended(self.state, self.state.runs[self.run], last, seen, patient))
        if self.state.tasks["t1"].state is TaskState.ERROR:
            happen(self.state, *decide.retry_task(self.state, "t1", "anna"))
        for asked in self.state.open_questions(self.state.tasks["t1"]):
            happen(self.state, *answers.answer(self.state, asked.id, answer, "anna"))
        return said

    def go_on(self, answer: str = ANSWER) -> list[AnyProgress]:
        """Start runs until one succeeds, and return what that said."""
        for _ in range(MOST):
            self.start()
            said = self.over(answer)
            if isinstance(said[-1], Finished) and said[-1].outcome is Outcome.SUCCEEDED:
                return said
        raise AssertionError(said)

    def transcript(self) -> str:
        found = self.hosts.directory(self.run).agent.glob("session/projects/*/*.jsonl")
        return "".join(path.read_text() for path in found)

    def cli(self) -> list[int]:
        """Return the process of the CLI, if it is there."""
        return [pid for pid in leftovers.of(self.run) if _program(pid) == "claude"]


class Moment(Struct, frozen=True):
    """When somebody is killed: `steps` of the model until the end, and what is to be waited for.

    `asks` are the questions that it has in all, `questions` those that are answered before it.
    """

    steps: Callable[[Path], list[Step]]
    come: Callable[[Task], object]
    asks: int = 0
    questions: int = 0


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def _requests(number: int) -> Callable[[Task], object]:
    return lambda task: len(task.model.requests) >= number


def _told(number: int) -> Callable[[Task], object]:
    """Return whether the answer is in a request, and written down, which the CLI does by and by."""
    asked = _requests(number)
    return lambda task: asked(task) and f'="{ANSWER}"' in task.transcript().replace("\\", "")


def _began(task: Task) -> object:
    return every(task.hosts.said(task.run), Began)


_AGAIN = "Look first at what is done"
_ENDS = result("A cherry.", "half.txt", last=ANSWER)


def _half(workspace: Path) -> Step:
    return written(workspace / "half.txt", "half\n")


def _plainly(workspace: Path) -> list[Step]:
    return [_half(workspace), result("Half.", "half.txt", last="created")]


def _streaming(workspace: Path) -> list[Step]:
    return [Step(text="I will write it", hangs=True), *_plainly(workspace)]


def _bash(workspace: Path) -> list[Step]:
    counts = "echo once >> half.txt; touch .git/on; sleep 99"
    looks = uses("Bash", command="cat half.txt")
    looks.last = _AGAIN
    return [uses("Bash", command=counts), looks, result("Once.", "half.txt", last="once")]


def _asks(workspace: Path) -> list[Step]:
    asks = uses("AskUserQuestion", questions=[question("Which fruit?", "apple", ANSWER)])
    asks.last = "created"
    return [_half(workspace), asks]


def _answered(workspace: Path) -> list[Step]:
    return [*_asks(workspace), result("A cherry.", "half.txt", last=ANSWER)]


def _hears(workspace: Path) -> list[Step]:
    again = result("A cherry.", "half.txt", last=_AGAIN, anywhere=ANSWER)
    return [*_asks(workspace), Step(text="I see", hangs=True, last=ANSWER), again]


def _findings(workspace: Path) -> list[Step]:
    found = "missing.txt is said to be changed"
    return [
        _half(workspace),
        result("Done.", "missing.txt", last="created"),
        Step(text="I see", hangs=True, last=found),
        # The CLI may not have written down what it was told: it is found again, and told again.
        result("Done.", "missing.txt", last=_AGAIN),
        result("Half.", "half.txt", last=found),
    ]


MOMENTS = {
    "before the CLI is started": Moment(_plainly, lambda task: task.hosts.pid(task.run)),
    "as the CLI is started": Moment(_plainly, Task.cli),
    "while the model talks": Moment(_streaming, _requests(1)),
    "while a command runs": Moment(_bash, lambda task: (task.hosts.workspace / ".git/on").exists()),
    "once a question was deferred": Moment(
        _answered, lambda task: "hook_deferred_tool" in task.transcript(), asks=1
    ),
    "before the answer is told": Moment(_answered, _began, asks=1, questions=1),
    "while the answer is told": Moment(_answered, Task.cli, asks=1, questions=1),
    "once the answer was told": Moment(_hears, _told(3), asks=1, questions=1),
    "while findings go back": Moment(_findings, _requests(3)),
}


def kill(task: Task, victim: str) -> None:
    """Kill, or tell to stop, what is there of it."""
    pids = task.cli() if victim == "the CLI" else [task.hosts.pid(task.run)]
    for pid in pids:
        os.kill(pid, signal.SIGTERM if victim == "told to stop" else signal.SIGKILL)

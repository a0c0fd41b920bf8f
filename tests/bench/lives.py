"""Writes the journal of a house that has lived: messages with plans, tasks and runs, all ended.

Line by line what the store writes when it happens, commit by commit as the engine makes them, only
without waiting for the disk after each. The last message is an hour old; one was said each minute.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BufferedWriter
from pathlib import Path
from typing import Final

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import PRIVATE_DIRECTORY, PRIVATE_FILE
from pmrunnerd.store.journal import SEGMENT_LIMIT

# Three projects with a past; the fourth is there for whoever wants to say something now: a person
# approves its plans, so nothing starts.
PROJECTS: Final = ("w1", "w2", "w3")
DESK: Final = "desk"
TEXT: Final = "make test\n# message {} of a long life: what people say has some words\n"
HEAD: Final = "6d41b0dba8d7199684d0e7835cdd73eac478b768"

Facts = tuple[ev.AnyEvent, ...]


def write(state: Path, messages: int, *, segment_limit: int = SEGMENT_LIMIT) -> int:
    """Make a state directory with a past and return how many commits that is."""
    journal = state / "journal"
    for directory in (state, journal):
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    seq, segment, size = 0, 0, segment_limit
    file: BufferedWriter | None = None
    for seq, batch in enumerate(_commits(messages), start=1):
        line = encode(
            Batch(
                seq=seq,
                at=batch.at,
                facts=batch.facts,
                request=batch.request,
                digest=batch.digest,
                reply=batch.reply,
            )
        )
        if size >= segment_limit:
            _finish(file)
            segment, size = segment + 1, 0
            path = journal / f"{segment:08}.jsonl"
            file = os.fdopen(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb"
            )
        assert file is not None
        size += file.write(line)
    _finish(file)
    return seq


def _finish(file: BufferedWriter | None) -> None:
    if file is not None:
        # What the kernel still has to write would be written while something is measured.
        file.flush()
        os.fsync(file.fileno())
        file.close()


def _commits(messages: int) -> Iterator[Batch]:
    """Yield what is committed, not numbered yet."""
    now = datetime.now(UTC) - timedelta(hours=1)
    first = now - timedelta(minutes=messages)
    yield _batch(first, ev.DaemonStarted(release="0.1.0", pid=1))
    for n, name in enumerate((*PROJECTS, DESK), start=1):
        approval = PlanApproval.MANUAL if name == DESK else PlanApproval.AUTO
        added = ev.ProjectAdded(
            project=f"w{n}", alias=name, path=f"/srv/{name}", plan_approval=approval, by="anna"
        )
        yield _batch(first, added)
    life = _Life()
    for n in range(1, messages + 1):
        at = first + timedelta(minutes=n)
        yield from life.of(n, at)


class _Life:
    """What becomes of message after message; of twenty, fourteen end well at once."""

    def __init__(self) -> None:
        self._runs = 0
        self._questions = 0
        well, badly, asking = self._well, self._badly, self._asking
        self._mix: list[Callable[[str, str, str], Iterator[Facts]]] = [
            *([well] * 14),
            *([badly] * 2),
            *([asking] * 2),
            self._cancelled,
            self._interrupted,
        ]

    def of(self, n: int, at: datetime) -> Iterator[Batch]:
        project, task, plan = PROJECTS[n % len(PROJECTS)], f"t{n}", f"p{n}"
        said = ev.MessagePosted(message=f"m{n}", project=project, text=TEXT.format(n), by="anna")
        yield _batch(at, said, request=n, id=f"m{n}")
        planned = ev.PlannedTask(
            task=task, name="script", title=f"make test, {n}", text=TEXT.format(n)
        )
        yield _batch(
            at,
            ev.PlanDrafted(
                plan=plan, project=project, message=f"m{n}", title="make test", tasks=(planned,)
            ),
            ev.PlanApproved(plan=plan, project=project),
        )
        for facts in self._mix[n % len(self._mix)](project, plan, task):
            answer = any(isinstance(fact, ev.QuestionAnswered) for fact in facts)
            yield _batch(at, *facts, request=n + (1 << 64) if answer else 0, id="q1")

    def _run(
        self, project: str, task: str, outcome: Outcome, *then: ev.AnyEvent, attempt: int = 1
    ) -> Iterator[Facts]:
        run = f"r{self._runs}-04bc"
        yield (
            ev.RunStarted(
                run=run,
                task=task,
                project=project,
                agent="shell",
                attempt=attempt,
                session=f"effd40fa-a912-4b13-94fb-{self._runs:012}",
            ),
        )
        yield (ev.RunBegan(run=run, project=project, cursor=127, head=HEAD, confined=True),)
        ended = ev.RunEnded(run=run, project=project, outcome=outcome, cursor=253, status=0)
        yield (ended, *then)

    def _well(self, project: str, plan: str, task: str, attempt: int = 1) -> Iterator[Facts]:
        self._runs += 1
        yield from self._run(
            project,
            task,
            Outcome.SUCCEEDED,
            ev.TaskCompleted(task=task, project=project, commit=HEAD),
            ev.PlanCompleted(plan=plan, project=project),
            attempt=attempt,
        )

    def _badly(self, project: str, plan: str, task: str) -> Iterator[Facts]:
        self._runs += 1
        yield from self._run(
            project,
            task,
            Outcome.FAILED,
            ev.TaskFailed(task=task, project=project, reason="exit status 1"),
            ev.PlanFailed(plan=plan, project=project, reason=f"{task} (script) failed"),
        )

    def _asking(self, project: str, plan: str, task: str) -> Iterator[Facts]:
        self._runs += 1
        self._questions += 1
        name = f"q{self._questions}"
        asked = ev.AskedQuestion(question=name, text="Which fruit?", options=("apple", "cherry"))
        yield from self._run(
            project,
            task,
            Outcome.ASKED,
            ev.TaskAsked(task=task, project=project, run=f"r{self._runs}-04bc", questions=(asked,)),
        )
        yield (
            ev.QuestionAnswered(question=name, project=project, text="cherry", by="anna"),
            ev.TaskAnswered(task=task, project=project),
        )
        yield from self._well(project, plan, task, attempt=2)

    def _cancelled(self, project: str, plan: str, task: str) -> Iterator[Facts]:
        yield (
            ev.TaskCancelled(task=task, project=project, by="anna"),
            ev.PlanCancelled(plan=plan, project=project),
        )

    def _interrupted(self, project: str, plan: str, task: str) -> Iterator[Facts]:
        self._runs += 1
        yield from self._run(
            project,
            task,
            Outcome.INTERRUPTED,
            ev.TaskInterrupted(task=task, project=project, reason="the machine went down"),
        )
        yield from self._well(project, plan, task, attempt=2)


def _batch(at: datetime, *facts: ev.AnyEvent, request: int = 0, id: str = "") -> Batch:
    when = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    if not request:
        return Batch(seq=0, at=when, facts=facts)
    reply = b"\x81\xa2id" + bytes([0xA0 + len(id)]) + id.encode()
    return Batch(
        seq=0,
        at=when,
        facts=facts,
        request=f"{request:032x}",
        digest=f"{request * 7919:032x}"[-32:],
        reply=reply,
    )

"""After a storm of runs: what must be true of every message, task, run, commit and workspace."""

from collections import Counter
from pathlib import Path
from typing import Final

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome, Run, Task, TaskState
from pmrunnerd.model.progress import Finished, Output
from tests.crash.hunter import has_last_word
from tests.crash.people import Person
from tests.crash.record import Record
from tests.integration.daemon import Daemon, git

PAGE: Final = 100
TRAILER: Final = "--format=%(trailers:key=PM-Runner-Task,valueonly,separator=)"
ELSEWHERE: Final = "had finished the work"


def said(daemon: Daemon, alias: str) -> list[str]:
    """Read a conversation page by page, to its beginning; return what was said, oldest first."""
    return [entry.text for entry in conversation(daemon, alias) if entry.kind == "message"]


def conversation(daemon: Daemon, alias: str) -> list[v.Entry]:
    """Read a conversation page by page, to its beginning; return it, oldest first."""
    found: list[v.Entry] = []
    before = None
    while True:
        page = daemon.ask(p.ChatHistory(project=alias, before=before, limit=PAGE))
        found[:0] = page.entries
        if page.before is None:
            return found
        before = page.before


def tasks(daemon: Daemon) -> list[v.TaskRow]:
    found: list[v.TaskRow] = []
    before = None
    while True:
        page = daemon.ask(p.TaskList(before=before, limit=PAGE))
        found += page.tasks
        if page.before is None:
            return found
        before = page.before


def runs(daemon: Daemon) -> list[Run]:
    found: list[Run] = []
    before = None
    while True:
        page = daemon.ask(p.RunList(before=before, limit=PAGE))
        found += [row.run for row in page.runs]
        if page.before is None:
            return found
        before = page.before


def assert_every_message_is_there_once(daemon: Daemon, person: Person, record: Record) -> None:
    """So is whatever else was acknowledged: asked again, it is answered as it was."""
    diary = person.diary
    sent = [request.text for request in diary.asked.values() if isinstance(request, p.ChatSend)]
    assert said(daemon, person.alias) == sent
    assert set(record.requests.values()) == {1}
    # To cancel what is being cancelled already is recorded nowhere, and may be refused later.
    for identifier in diary.asked.keys() & record.requests.keys():
        request = diary.asked[identifier]
        assert diary.ask(request, identifier) == diary.told[identifier], request


def assert_every_task_is_explained(
    daemon: Daemon, found: list[v.TaskRow], record: Record, people: list[Person]
) -> None:
    """Each is in the state that its facts say, and one that is not complete says why."""
    assert {row.task.id: str(row.task.state) for row in found} == record.tasks
    told = {
        entry.task: entry.author
        for person in people
        for entry in conversation(daemon, person.alias)
        if entry.kind == "cancelled" and entry.task
    }
    questions = {item.task for item in daemon.ask(p.Inbox()).items}
    for row in found:
        task = row.task
        why = {
            TaskState.COMPLETE: "done",
            TaskState.ERROR: task.reason,
            TaskState.QUEUED: row.waits,
            TaskState.CANCELLED: told.get(task.id, ""),
            TaskState.AWAITING_RESPONSE: task.id in questions,
        }
        assert why.get(task.state), task
        assert task.state is not TaskState.RUNNING


def assert_output_is_complete(daemon: Daemon, found: list[Run], people: list[Person]) -> None:
    """Whatever a run printed is there in order and once, and of one that succeeded all of it."""
    wanted = {task: chore for person in people for task, chore in person.wanted.items()}
    printed = {run.id: output(daemon, run.id) for run in found}
    for run in found:
        assert run.ended is not None, run
        whole = wanted[run.task].printed
        assert whole.startswith(printed[run.id]), run
        if run.ended.outcome is Outcome.SUCCEEDED:
            # One that died after its commit leaves nothing to do to the next, which names it.
            by = run.ended.reason.split()[1] if ELSEWHERE in run.ended.reason else run.id
            assert printed[by] == whole, run


def output(daemon: Daemon, run: str) -> str:
    """Return what a run printed, as `run logs` has it; what went wrong with it is no part of it."""
    with daemon.client() as client:
        lines = [line.progress for line in client.stream(p.RunLogs(run=run))]
    return "".join(
        line.text for line in lines if isinstance(line, Output) and line.stream == "stdout"
    )


def assert_every_run_ended_in_words(daemon: Daemon, found: list[Run], state: Path) -> None:
    """Its own, or the daemon's, which then says that there were none."""
    for run in found:
        ended = daemon.ask(p.RunShow(run=run.id)).run.ended
        assert ended is not None, run
        if has_last_word(state / "runs" / run.id):
            last = _last_word(daemon, run.id)
            assert ended.outcome in {last.outcome, Outcome.CANCELLED}, run
        else:
            assert ended.outcome in {Outcome.INTERRUPTED, Outcome.CANCELLED}, run
            assert ended.reason, run


def _last_word(daemon: Daemon, run: str) -> Finished:
    with daemon.client() as client:
        *_, last = client.stream(p.RunLogs(run=run))
    assert isinstance(last.progress, Finished)
    return last.progress


def assert_references_are_named_and_there(found: list[Run], person: Person) -> None:
    """Every reference that a run names is there, and every one that is there is named by a run."""
    there = set(git(person.path, "for-each-ref", "--format=%(refname)", "refs/pm-runner").split())
    mine = [run.ended for run in found if run.ended and run.task in person.wanted]
    named = {ended.kept for ended in mine if ended.kept}
    assert named <= there
    # What was put away again, because the first time was cut off, is named by its latest name.
    earlier = {ref for ref in there if any(_is_later(other, ref) for other in there)}
    assert there - named <= earlier, (
        there - named - earlier,
        [run for run in found if run.task in person.wanted],
    )


def _is_later(ref: str, than: str) -> bool:
    """Tell whether two references are of one run, `r1-4f2a` and `r1-4f2a-2`, in this order."""
    (run, number), (other, before) = _run_and_number(ref), _run_and_number(than)
    return run == other and number > before


def _run_and_number(ref: str) -> tuple[str, int]:
    number, token, *again = ref.rpartition("/")[2].split("-")
    return f"{number}-{token}", int(again[0]) if again else 1


def assert_work_is_committed_once(person: Person, found: list[v.TaskRow], state: Path) -> None:
    """Every task that is complete is one commit, and its line in the ledger; no other task is.

    But for one that was cancelled when its host had just committed, and was killed before it said so.
    """
    mine = {row.task.id: row.task for row in found if row.task.id in person.wanted}
    done = {name for name, task in mine.items() if task.state is TaskState.COMPLETE}
    committed = git(person.path, "log", TRAILER).split()
    twice = [mine.get(name, name) for name, times in Counter(committed).items() if times > 1]
    assert twice == []
    assert done <= set(committed)
    for name in set(committed) - done:
        task = mine[name]
        assert task.state is TaskState.CANCELLED, task
        assert not has_last_word(state / "runs" / task.runs[-1]), task
    lines = (person.path / "ledger").read_text().splitlines()
    assert Counter(lines) == Counter(_line(person, mine[name]) for name in committed)


def _line(person: Person, task: Task) -> str:
    asked = task.questions[-1:] if person.wanted[task.id].asks else ()
    return " ".join((person.wanted[task.id].token, *(person.answers[name] for name in asked)))


def assert_the_workspace_is_clean(person: Person) -> None:
    """Nothing in it that is not committed, and nothing of ours in its `.git`."""
    assert git(person.path, "status", "--porcelain", "--ignored") == ""
    inside = [path.name for path in (person.path / ".git").rglob("*")]
    left = [name for name in inside if name.startswith("pm-runner-") or name.endswith(".lock")]
    assert [*left, *(name for name in inside if name == "commondir")] == []

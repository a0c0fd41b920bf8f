"""`kill -9` at each moment: nothing of it is left, nothing is lost, nothing is done twice."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Committed, Finished, PutBack
from pmrunnerd.services import credentials, leftovers, marker
from tests.everything import EVERYTHING, some
from tests.fakes.model import Step, scripted
from tests.integration.claude.matrix import MOMENTS, Task, kill
from tests.integration.claude.parts import Claudes, question, result, uses, written
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, head, needs_sandbox, processes, spec

VICTIMS = ("the run host", "the CLI", "told to stop")
# Unless all are wanted: the run host takes everything with it, at every second moment.
BY_DEFAULT = "while a command runs"
TOLD = ("told to stop", "while the answer is told")
CASES = [
    (victim, moment)
    for victim in VICTIMS
    for number, moment in enumerate(MOMENTS)
    if EVERYTHING
    or (victim == VICTIMS[0] and number % 2 == 0)
    or moment == BY_DEFAULT
    or (victim, moment) == TOLD
]

pytestmark = needs_sandbox


ENDS = {
    "the run host": None,
    "the CLI": (Outcome.INTERRUPTED, "the CLI was killed (signal 9)"),
    "told to stop": (Outcome.INTERRUPTED, "it was told to stop"),
}


def _ended(said: list[AnyProgress]) -> tuple[Outcome, str] | None:
    last = said[-1]
    return (last.outcome, last.reason) if isinstance(last, Finished) else None


@pytest.mark.parametrize(("victim", "moment"), CASES, ids=map(", ".join, CASES))
def test_whoever_is_killed_the_task_is_done_once_in_the_same_session(
    tmp_path: Path, victim: str, moment: str
) -> None:
    when = MOMENTS[moment]
    with Hosts(tmp_path) as hosts, scripted(*when.steps(hosts.workspace)) as model:
        began = head(hosts.workspace)
        task = Task(hosts, model)
        for _ in range(when.questions):
            task.start()
            assert end(task.over()).outcome is Outcome.ASKED
        task.start()
        eventually(lambda: when.come(task))
        kill(task, victim)
        said = task.over()
        if moment == BY_DEFAULT:
            assert _ended(said) == ENDS[victim]
        # Nobody may have been there to be killed.
        if not (said and _ended(said) and end(said).outcome is Outcome.SUCCEEDED):
            said = task.go_on()

        assert len(every(said, Committed)) == 1
        assert git(hosts.workspace, "rev-list", "--count", f"{began}..HEAD").strip() == "1"
        done = "once\n" if moment == "while a command runs" else "half\n"
        assert git(hosts.workspace, "show", "HEAD:half.txt") == done
        everywhere = ("--all", f"^{began}", "--format=", "--name-only")
        assert set(git(hosts.workspace, "log", *everywhere).split()) == {"half.txt"}
        assert git(hosts.workspace, "status", "--porcelain") == ""
        assert len(task.state.questions) == when.asks
        sessions = {headers["X-Claude-Code-Session-Id"] for headers in model.headers}
        assert sessions == {task.claudes.session}


@pytest.mark.parametrize(
    "when", some(["once a person answered", "as it asks", "once that was heard"])
)
def test_two_questions_in_the_same_words_get_an_answer_each_whenever_it_is_killed(
    tmp_path: Path, when: str
) -> None:
    first, second = (
        uses("AskUserQuestion", questions=[question("Sure?", "yes", "no")]) for _ in "ab"
    )
    hears = Step(text="I see", hangs=True, last="the second")
    ends = result("Dropped both.", anywhere="the second")
    heard = when == "once that was heard"
    second.last, ends.last = "the first", "Look first" if heard else "the second"
    steps = [first, second, *([hears] if heard else []), ends]
    with Hosts(tmp_path) as hosts, scripted(*steps) as model:
        task = Task(hosts, model)
        task.start()
        assert end(task.over("the first")).outcome is Outcome.ASKED
        task.start()
        if when == "as it asks":
            eventually(lambda: task.transcript().count('"hook_deferred_tool"') == 2)
            kill(task, "the run host")
            task.over("the second")
        else:
            assert end(task.over("the second")).outcome is Outcome.ASKED
            task.start()
            eventually(task.cli)
            if heard:
                # Asked of the model, and written down, which the CLI does by and by.
                eventually(lambda: len(model.requests) == 3 and "the second" in task.transcript())
            kill(task, "the run host")
            task.over("the third")
        said = task.go_on("the second")

        assert len(every(said, Committed)) == 0
        known = [one.answer and one.answer.text for one in task.state.questions.values()]
        assert known == ["the first", "the second"]


def test_a_run_that_never_got_there_loses_nothing_of_what_was_left(tmp_path: Path) -> None:
    when = MOMENTS["before the answer is told"]
    with Hosts(tmp_path) as hosts, scripted(*when.steps(hosts.workspace)) as model:
        task = Task(hosts, model)
        task.start()
        assert end(task.over()).outcome is Outcome.ASKED
        login = credentials.file(credentials.place(hosts.runs.parent), "claude")
        secret = login.read_bytes()
        login.unlink()
        task.start()
        assert end(task.over()).outcome is Outcome.LIMITED
        login.write_bytes(secret)
        said = task.go_on()

        assert len(every(said, Committed)) == 1
        assert git(hosts.workspace, "show", "HEAD:half.txt") == "half\n"


def test_what_was_half_put_back_by_a_run_that_died_is_put_back_whole(tmp_path: Path) -> None:
    when = MOMENTS["before the answer is told"]
    hangs = "touch .git/on; while test -e .git/hold; do sleep 0.05; done; cat"
    with Hosts(tmp_path) as hosts:
        here = hosts.workspace
        (here / ".gitattributes").write_text("slow.txt filter=slow\n")
        git(here, "add", "--all")
        git(here, "commit", "--quiet", "--message=slow")
        git(here, "config", "filter.slow.smudge", hangs)
        slow = written(here / "slow.txt", "slow\n")
        slow.last = "created"
        with scripted(*when.steps(here)[:1], slow, *when.steps(here)[1:]) as model:
            task = Task(hosts, model)
            task.start()
            assert end(task.over()).outcome is Outcome.ASKED
            (here / ".git/hold").touch()
            task.start()
            eventually((here / ".git/on").exists)
            assert (here / "half.txt").exists(), "nothing is there yet"
            kill(task, "the run host")
            task.over()
            (here / ".git/hold").unlink()
            said = task.go_on()

        assert len(every(said, Committed)) == 1
        assert git(here, "show", "HEAD:half.txt", "HEAD:slow.txt") == "half\nslow\n"
        assert [path.name for path in (here / ".git").glob("pm-runner-run*")] == []


def test_a_note_of_an_agent_s_making_puts_nothing_of_others_into_its_work(tmp_path: Path) -> None:
    when = MOMENTS[BY_DEFAULT]
    with Hosts(tmp_path) as hosts, scripted(*when.steps(hosts.workspace)) as model:
        of_another = "refs/pm-runner/runs/r77-0123abcd"
        git(hosts.workspace, "update-ref", of_another, "HEAD")
        task = Task(hosts, model)
        task.start()
        eventually(lambda: when.come(task))
        note = marker.read(hosts.workspace)
        assert note is not None
        marker.exchange(hosts.workspace, replace(note, restoring=of_another))
        kill(task, VICTIMS[0])
        task.over()
        said = task.go_on()

        assert [one.ref for one in every(said, PutBack)] == [f"refs/pm-runner/runs/{note.run}"]
        assert git(hosts.workspace, "show", "HEAD:half.txt") == "once\n"


def test_who_is_told_to_stop_is_interrupted_whatever_became_of_the_index(tmp_path: Path) -> None:
    waits = uses("Bash", command="touch .git/on; sleep 99")
    with Hosts(tmp_path) as hosts, scripted(waits) as model:
        task = Task(hosts, model)
        task.start()
        eventually((hosts.workspace / ".git/on").exists)
        (hosts.workspace / ".git/index").write_bytes(b"no index")
        kill(task, "told to stop")
        said = task.over()

        assert end(said).outcome is Outcome.INTERRUPTED, said
        assert git(hosts.workspace, "status", "--porcelain") == ""


def test_a_question_that_waits_has_no_process(tmp_path: Path) -> None:
    when = MOMENTS["before the answer is told"]
    with Hosts(tmp_path) as hosts, scripted(*when.steps(hosts.workspace)) as model:
        task = Task(hosts, model)
        task.start()
        said = hosts.over(task.run)

        assert end(said).outcome is Outcome.ASKED
        assert leftovers.of(task.run) == set()
        assert processes(str(hosts.workspace)) == []
        assert not (hosts.workspace / "half.txt").exists(), "others may work here meanwhile"


def test_a_run_goes_on_without_whoever_started_it(tmp_path: Path) -> None:
    starts = (
        "import asyncio, pathlib, sys, time; from pmrunnerd.services.host.detached import Detached;"
        "asyncio.run(Detached(pathlib.Path(sys.argv[1])).start(sys.argv[2]));"
        "print('on', flush=True); time.sleep(99)"
    )
    waits = uses("Bash", command="until rm .git/go; do sleep 0.1; done; echo gone on")
    with Hosts(tmp_path) as hosts, scripted(waits, result(last="gone on")) as model:
        directory = hosts.directory(f"r9-{os.getpid():08x}")
        told: dict[str, Any] = {"agent": "claude", "means": Claudes(hosts, model).means}
        told["session"] = str(uuid.uuid4())
        directory.write_spec(spec(hosts.workspace, run=directory.run, **told))
        words = [sys.executable, "-c", starts, str(hosts.runs), directory.run]
        with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as starter:
            assert starter.stdout is not None
            assert starter.stdout.readline() == b"on\n"
            model.wait(1)
            os.killpg(starter.pid, signal.SIGKILL)
        (hosts.workspace / ".git/go").touch()

        assert end(hosts.over(directory.run)).outcome is Outcome.SUCCEEDED

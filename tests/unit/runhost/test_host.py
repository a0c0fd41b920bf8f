import asyncio
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Finished, Limited
from pmrunnerd.runhost.host import RunHost
from pmrunnerd.services.agents import registry
from pmrunnerd.services.agents.protocol import Job, Report, Verdict
from tests.unit.runhost.parts import Book
from tests.unit.services.parts import RUN, needs_root, needs_sandbox, repository, spec, until


def _live(tmp_path: Path, text: str = "true", **more: object) -> list[AnyProgress]:
    book = Book(tmp_path / "state/runs" / RUN)
    workspace = tmp_path / "w"
    if not workspace.exists():
        repository(workspace)
    book.directory.write_spec(spec(workspace, text, **more))
    asyncio.run(RunHost(book.directory, book.report).live())
    return book.read()


def _end(said: list[AnyProgress]) -> Finished:
    assert isinstance(said[-1], Finished)
    assert not [progress for progress in said[:-1] if isinstance(progress, Finished)]
    return said[-1]


def test_a_spec_that_is_missing_is_a_failure_with_a_word(tmp_path: Path) -> None:
    book = Book(tmp_path / "state/runs" / RUN)
    asyncio.run(RunHost(book.directory, book.report).live())

    end = _end(book.read())
    assert end.outcome is Outcome.FAILED
    assert "spec.json is not there" in end.reason


def test_an_agent_that_is_not_known_is_a_failure_and_nothing_ran(tmp_path: Path) -> None:
    said = _live(tmp_path, agent="nobody")

    assert len(said) == 1
    assert "known are shell" in _end(said).reason


def test_an_agent_that_is_not_logged_in_is_limited_and_nothing_ran(tmp_path: Path) -> None:
    limited, end = _live(tmp_path, agent="claude")

    assert isinstance(limited, Limited)
    assert limited.kind == "login"
    assert isinstance(end, Finished)
    assert end.outcome is Outcome.LIMITED
    assert end.reason == f"{limited.reason}; pmrunnerctl agent login claude"
    assert "not logged in; pmrunnerctl agent login claude" in end.reason


class Nosy:
    """An agent that needs a login and keeps what it was handed."""

    name = "claude"
    replays = True
    needs_login = True

    def __init__(self) -> None:
        self.job: Job | None = None

    async def work(self, job: Job, report: Report) -> Verdict:
        self.job = job
        return Verdict(outcome=Outcome.SUCCEEDED)


@needs_sandbox
def test_the_login_of_now_is_handed_to_the_agent_and_is_in_no_file_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Nosy()
    monkeypatch.setattr(registry, "AGENTS", {"claude": agent})
    secrets = tmp_path / "state" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "claude.json").write_text('{"kind":"token","secret":"sk-ant-oat01-hush"}')
    end = _end(_live(tmp_path, agent="claude"))

    assert end.outcome is Outcome.SUCCEEDED
    assert agent.job is not None
    assert agent.job.secret == {"CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-hush"}
    assert "hush" not in str(dict(agent.job.environment))
    for path in (tmp_path / "state" / "runs").rglob("*"):
        assert not path.is_file() or b"hush" not in path.read_bytes()


def test_a_workspace_that_is_not_there_holds_the_run(tmp_path: Path) -> None:
    (tmp_path / "w").touch()

    end = _end(_live(tmp_path))
    assert end.outcome is Outcome.HELD
    assert "it is not there" in end.reason


def test_a_workspace_around_the_state_is_refused(tmp_path: Path) -> None:
    repository(tmp_path / "w")
    book = Book(tmp_path / "w/state/runs" / RUN)
    book.directory.write_spec(spec(tmp_path / "w"))
    asyncio.run(RunHost(book.directory, book.report).live())

    end = _end(book.read())
    assert end.outcome is Outcome.FAILED
    assert "which no agent may see, lies in it" in end.reason


@needs_sandbox
def test_what_the_machine_refuses_is_said_in_words_and_is_no_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # A directory in the place of the script.
    (tmp_path / "state/runs" / RUN).parent.mkdir(parents=True)
    book = Book(tmp_path / "state/runs" / RUN)
    here = repository(tmp_path / "w")
    book.directory.write_spec(spec(here))
    book.directory.make_agent().joinpath("script").mkdir()
    asyncio.run(RunHost(book.directory, book.report).live())

    end = _end(book.read())
    assert end.outcome is Outcome.FAILED
    script = book.directory.agent / "script"
    assert end.reason == f"cannot go on: is a directory: {script}; see runhost.log"
    assert "Traceback" in caplog.text
    assert not (here / ".git/pm-runner-run").exists()


class Odd(Nosy):
    """An agent with a bug."""

    async def work(self, job: Job, report: Report) -> Verdict:
        raise KeyError("odd")


@needs_sandbox
def test_a_bug_of_ours_is_called_one_and_the_run_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Odd()
    agent.needs_login = False
    monkeypatch.setattr(registry, "AGENTS", {"claude": agent})
    end = _end(_live(tmp_path, agent="claude"))

    assert end.outcome is Outcome.FAILED
    assert end.reason == "cannot go on: this is a bug in pm-runner; see runhost.log"
    assert "KeyError: 'odd'" in caplog.text
    assert not (tmp_path / "w/.git/pm-runner-run").exists()


@needs_sandbox
def test_an_earlier_run_that_is_alive_keeps_the_next_one_from_starting(tmp_path: Path) -> None:
    other = tmp_path / "state/runs/r0-4f2a"
    other.mkdir(parents=True)
    lock = os.open(other / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    said = _live(tmp_path, "touch ran", earlier=("r0-4f2a",))
    os.close(lock)

    assert "run r0-4f2a of the same task is alive" in _end(said).reason
    assert not (tmp_path / "w/ran").exists()


def test_a_workspace_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = repository(tmp_path / "victim")
    (tmp_path / "w").symlink_to(victim)

    end = _end(_live(tmp_path, "touch owned"))
    assert end.outcome is Outcome.HELD
    assert end.reason == f"cannot work in {tmp_path}/w: it is a link now: {victim}"
    assert not (victim / "owned").exists()


@needs_sandbox
def test_a_workspace_that_goes_while_a_run_has_it_is_the_reason(tmp_path: Path) -> None:
    book = Book(tmp_path / "state/runs" / RUN)
    here = repository(tmp_path / "w")
    book.directory.write_spec(spec(here, "echo on; sleep 1000"))

    async def live() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(RunHost(book.directory, book.report).live())
            await until(lambda: b'"on' in book.directory.events.read_bytes())
            here.rename(tmp_path / "elsewhere")
            os.kill(os.getpid(), signal.SIGTERM)

    asyncio.run(live())
    reason = _end(book.read()).reason
    assert f"cannot work in {here}: it is not there" in reason
    assert "unconfined" not in reason
    assert "bwrap" not in reason


@needs_root
@needs_sandbox
@pytest.mark.parametrize(("inodes", "what"), [(6, "last-word"), (7, "agent")])
def test_a_full_disk_interrupts_the_run_and_is_no_bug(
    tmp_path: Path, inodes: int, what: str
) -> None:
    """Run in a mount namespace of its own, on a disk that has no file left to give."""
    here = repository(tmp_path / "w")
    place = tmp_path / "state/runs"
    place.mkdir(parents=True)
    script = (
        f"mount -t tmpfs -o nr_inodes={inodes},mode=700 none {place} && mkdir {place}/{RUN}"
        f" && cp {tmp_path}/spec.json {place}/{RUN} && : > {place}/{RUN}/events.jsonl"
        f" && touch {place}/full && {sys.executable} -m pmrunnerd.runhost {place}/{RUN}"
        f"; cat {place}/{RUN}/events.jsonl"
    )
    (tmp_path / "spec.json").write_bytes(msgspec.json.encode(spec(here)))
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    end = msgspec.json.decode(done.stdout, type=Finished)

    assert end.outcome is Outcome.INTERRUPTED, done.stderr
    assert end.reason == f"no space left on {place}/{RUN}/{what}"

"""Real parts to test services with: repositories, cells, specs, and a place to find processes."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from pmrunnerd.model.spec import Limits, Spec
from pmrunnerd.services import sandbox
from pmrunnerd.services.cell import NONE, Cell, Reach
from pmrunnerd.services.confined import Confined
from pmrunnerd.services.git import Git
from pmrunnerd.services.outcome import Outcome
from pmrunnerd.services.process import PATH
from pmrunnerd.services.sandbox import Sandbox
from pmrunnerd.services.unconfined import Unconfined

# Each worker of a parallel run its own: a run's processes are killed by its name.
RUN = f"r1-{os.getpid():08x}"
PATIENCE = 180.0
_WALLS = ("--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/")


def _starts() -> bool:
    bwrap = shutil.which("bwrap")
    argv = [bwrap or "false", *_WALLS, "--", "true"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


needs_sandbox = pytest.mark.skipif(not _starts(), reason="bubblewrap cannot start here")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

# Whoever we are, with the rights of an ordinary user, to whom what is shut is shut. Without that one
# capability root may not have a sandbox.
POWERLESS = (
    ("setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all", "--")
    if os.geteuid() == 0
    else ()
)


def git(path: Path, *words: str) -> str:
    """Run git as a person would, untouched by the configuration of this machine."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Anna",
        "GIT_AUTHOR_EMAIL": "anna@example.invalid",
        "GIT_COMMITTER_NAME": "Anna",
        "GIT_COMMITTER_EMAIL": "anna@example.invalid",
    }
    done = subprocess.run(
        ["git", *words], cwd=path, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def repository(path: Path) -> Path:
    """Make a repository with one commit of one file, on branch `main`."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "kept.txt").write_text("kept\n")
    (path / ".gitignore").write_text("ignored/\n")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message=start")
    return path


def head(path: Path) -> str:
    return git(path, "rev-parse", "HEAD").strip()


def confined(workspace: Path, agent: Path | None = None, hidden: tuple[Path, ...] = ()) -> Cell:
    bwrap = sandbox.find()
    assert bwrap is not None
    machine = sandbox.look(hidden)
    return Confined(Sandbox(bwrap=bwrap, machine=machine, workspace=workspace, agent=agent))


def unconfined(workspace: Path, agent: Path | None = None, run: str = RUN) -> Cell:
    return Unconfined(workspace, agent or workspace, run, below=False)


class Ending(Git):
    """A git in whose place everything ends like this."""

    def __init__(self, workspace: Path, outcome: Outcome) -> None:
        super().__init__(unconfined(workspace), RUN)
        self._outcome = outcome
        self.started = 0

    async def _start(
        self, words: Sequence[str], more: Mapping[str, str], reach: Reach = NONE
    ) -> Outcome:
        del words, more, reach
        self.started += 1
        return self._outcome


def agent_directory(path: Path) -> Path:
    (path / "agent/home").mkdir(parents=True)
    return path / "agent"


def hands(workspace: Path, run: str = RUN) -> Git:
    """Return a git whose commands nothing confines: quick, and enough for what git does."""
    return Git(unconfined(workspace, run=run), run)


def spec(workspace: Path, text: str = "true", **more: object) -> Spec:
    fields = {
        "environment": "dev",
        "run": RUN,
        "task": "t1",
        "project": "demo",
        "agent": "shell",
        "title": "do it",
        "text": text,
        "workspace": str(workspace),
        "limits": Limits(total=300, silence=300, haste=60),
        **more,
    }
    return Spec(**fields)  # type: ignore[arg-type]


ENVIRONMENT = {"PATH": PATH, "LANG": "C.UTF-8", "PM_RUNNER_RUN": RUN}


async def until(true: Callable[[], object]) -> None:
    """Return as soon as something is true, and let the loop turn until then."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(0.005)


def descriptors() -> set[str]:
    """Return the numbers of the files that we have open."""
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def eventually(true: Callable[[], object]) -> None:
    """Return as soon as something is true; fail if it does not become so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.005)


def processes(word: str) -> list[int]:
    """Return the living processes that have a word in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found

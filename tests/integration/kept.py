"""What a daemon keeps of runs, made by runs, made old, and looked for."""

import os
import time
from pathlib import Path

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Run
from pmrunnerd.rules.retention import DAY
from tests.integration.daemon import Daemon, git

KEPT = "refs/pm-runner/runs"
# Nothing goes by itself but what a test has made as old as this.
NONE_STAY = "--retention-latest=0"


def failing(name: str) -> str:
    return f"touch {name}\ntest -e /nowhere"


def until(daemon: Daemon, kind: str, count: int = 1) -> None:
    """Return when something was said of a task so many times, whatever else was said before."""
    seen: set[int] = set()

    def reached(entry: v.Entry) -> bool:
        if entry.kind == kind and entry.task:
            seen.add(entry.cursor)
        return len(seen) == count

    daemon.until("demo", reached)


def run(daemon: Daemon, text: str, kind: str = "complete", count: int = 1) -> Run:
    """Say something and return the run that it became, once that is over."""
    daemon.say("demo", text)
    until(daemon, kind, count)
    found: Run = daemon.ask(p.RunList(limit=1)).runs[0].run
    return found


def is_old(state: Path, *runs: str, days: float = 40) -> None:
    """Have the files of some runs be as old as that, the first one oldest."""
    for younger, name in enumerate(runs):
        then = time.time() - days * DAY + younger
        for path in (*(state / "runs" / name).rglob("*"), state / "runs" / name):
            os.utime(path, (then, then), follow_symlinks=False)


def there(state: Path) -> set[str]:
    return {path.name for path in (state / "runs").iterdir()}


def refs(workspace: Path) -> set[str]:
    return set(git(workspace, "for-each-ref", "--format=%(refname)").split())


def retried(daemon: Daemon, workspace: Path) -> tuple[str, str]:
    """Have a task fail, and succeed when it is tried again; return both of its runs."""
    first = run(daemon, "touch draft\ntest -e .git/succeed", "error")
    (workspace / ".git/succeed").touch()
    daemon.ask(p.TaskRetry(task=first.task))
    until(daemon, "complete")
    (workspace / ".git/succeed").unlink()
    return first.id, daemon.ask(p.RunList(limit=1)).runs[0].run.id

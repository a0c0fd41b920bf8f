"""What the kernel knows of runs: their hosts, their sandboxes, their scripts, and what fled from these."""

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

VARIABLE: Final = b"PM_RUNNER_RUN"
SCRIPT: Final = b"/run/pm-agent/script"
GONE_WITHIN: Final = 120.0
_DEAD: Final = "ZX"


class Process(NamedTuple):
    """One process as it was seen. `run` is the name that it carries, `host` whether it holds it."""

    pid: int
    parent: int
    started: int
    words: tuple[bytes, ...]
    run: str
    host: bool

    def __str__(self) -> str:
        shown = b" ".join(self.words[:1] + self.words[-3:]).decode(errors="replace")
        return f"process {self.pid} of run {self.run} ({shown})"

    def is_alive(self) -> bool:
        """Tell whether this very process is there still, and no zombie."""
        found = _stat(self.pid)
        return found is not None and found[2] == self.started and found[0] not in _DEAD

    @property
    def is_sandbox(self) -> bool:
        """Tell whether it is a bubblewrap around an agent: the outer one, or the first inside."""
        return self.words[0].endswith(b"bwrap") and SCRIPT in self.words

    @property
    def is_script(self) -> bool:
        return self.words[0] == b"bash" and self.words[-1] == SCRIPT

    def kill(self) -> bool:
        """Kill it and wait until it is dead; tell whether it was alive until then."""
        try:
            file = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            # Only now can the number not pass to another.
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(file, signal.SIGKILL)
            assert select.select([file], [], [], GONE_WITHIN)[0], f"{self} does not die"
        except ProcessLookupError:
            return False
        finally:
            os.close(file)
        return True


def of_runs(state: Path) -> list[Process]:
    """Return every living process that belongs to a run of a state directory."""
    # Others may be at work on this machine, each with runs of their own.
    known = {path.name for path in (state / "runs").iterdir()}
    return [process for process in _all(state) if process.run in known]


def agents(found: list[Process]) -> dict[str, list[Process]]:
    """Sort the processes of agents by which they are: `outside`, `first` in there, or `script`."""
    by_pid = {process.pid: process for process in found}
    sorts: dict[str, list[Process]] = {"outside": [], "first": [], "script": []}
    for process in found:
        above = by_pid.get(process.parent)
        if above is None:
            continue
        if process.is_sandbox and above.host:
            sorts["outside"].append(process)
        elif process.is_sandbox and above.is_sandbox:
            sorts["first"].append(process)
        elif process.is_script and above.is_sandbox:
            sorts["script"].append(process)
    return sorts


def at_work_below(*directories: Path) -> list[str]:
    """Return the processes whose working directory lies below one of these, or whose words name it."""
    names = [os.fsencode(directory) for directory in directories]
    found = []
    for pid in _pids():
        try:
            where = os.fsencode(Path(f"/proc/{pid}/cwd").readlink())
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if any(where.startswith(name) or name in words for name in names):
            found.append(f"{pid} in {where.decode()}: {words.replace(bytes(1), b' ').decode()}")
    return found


def _all(state: Path) -> Iterator[Process]:
    runs = os.fsencode(state / "runs") + b"/"
    for pid in _pids():
        try:
            words = tuple(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1])
            if not words:
                continue
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        at = words.index(b"pmrunnerd.runhost") if b"pmrunnerd.runhost" in words else 0
        told = words[at + 1] if at and len(words) > at + 1 else b""
        host = words[0] != b"setsid" and told.startswith(runs)
        run = told.removeprefix(runs) if host else _carried(words, variables)
        if not run or (found := _stat(pid)) is None or found[0] in _DEAD:
            continue
        yield Process(pid, found[1], found[2], words, run.decode(), host)


def _carried(words: tuple[bytes, ...], variables: list[bytes]) -> bytes:
    for variable in variables:
        if variable.startswith(VARIABLE + b"="):
            return variable.partition(b"=")[2]
    # The first process of a sandbox hides its environment, but it was told the name.
    told = zip(words, words[1:], words[2:], strict=False)
    return next((run for a, b, run in told if (a, b) == (b"--setenv", VARIABLE)), b"")


def _pids() -> list[int]:
    found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [pid for pid in found if pid != os.getpid()]


def _stat(pid: int) -> tuple[str, int, int] | None:
    """Return state, parent and time of start of a process; None if it is gone."""
    try:
        # A name may hold spaces and parentheses; what follows the last one is fixed.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), int(fields[19])

"""A gate where there is no service manager: tried by a process of its own, whose parent waits for it.

The status is what the kernel gives that parent, which is outside of the walls; its record says `detached`.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import gate
import ledger
import trees
from gate import Places
from trying import adopt_orphans, die_with, wait_for_all


def attend(state: str, name: str, lock: int) -> int:
    """Try a gate of a state directory, wait for it, and write down how it ended.

    For as long as we are there we hold a lock, which was handed to us, and say in it who we are.
    """
    os.set_inheritable(lock, False)  # noqa: FBT003 - takes no keyword
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    gates = Path(state) / "gates"
    places = Places(
        gates=gates,
        records=gates / "records",
        prepared=gates / "prepared",
        work=gates / name / "work",
    )
    who = {"owner": os.geteuid(), "group": os.getegid(), "invocation": str(os.getpid())}
    who |= {"prepares": _prepares(places, name)}
    refused = ledger.begin(places, name, **who)
    code, status, used = "", "", {}
    if not refused:
        code, status, used = _try(places, name)
    result = "success" if (code, status) == ("exited", "0") else code and "failed"
    return ledger.end(
        places, name, **who, result=result, code=code, status=status, by="detached", used=used
    )


def _prepares(places: Places, name: str) -> bool:
    try:
        at = trees.enter(str(places.gates), name)
        try:
            return bool(json.loads(trees.read("spec.json", at, 1 << 20))["prepares"])
        finally:
            os.close(at)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False  # whatever is wrong is said by who looks at all of it


def _try(places: Places, name: str) -> tuple[str, str, dict[str, object]]:
    directory = trees.enter(str(places.gates), name)
    spec = gate.began(places, name)
    more = tuple(trees.read("walls", directory, 1 << 20).decode().split("\0")[:-1])
    os.mkdir("work", 0o700, dir_fd=directory)
    me, child = os.getpid(), os.fork()
    if not child:
        status = gate.CANNOT_START
        try:
            os.setpgid(0, 0)
            die_with(me)
            adopt_orphans()
            status = gate.run(places, name, network=spec["network"], more=more)
            wait_for_all()
        finally:
            sys.stderr.flush()
            os._exit(status)
    file = os.pidfd_open(child)
    signal.signal(signal.SIGTERM, lambda *_: _kill(file))
    _, waited, usage = os.wait4(child, 0)
    # Whoever wants it stopped says so again until we are gone, and this is not lost by it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    used = {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_memory": usage.ru_maxrss << 10}
    if os.WIFSIGNALED(waited):
        return "killed", signal.Signals(os.WTERMSIG(waited)).name.removeprefix("SIG"), used
    return "exited", str(os.WEXITSTATUS(waited)), used


def _kill(file: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(file, signal.SIGKILL)

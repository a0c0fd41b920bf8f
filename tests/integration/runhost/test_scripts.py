"""Scripts that are no good: each ends told for what it was, with nothing left and no second commit."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress, Committed
from pmrunnerd.model.spec import Limits
from pmrunnerd.services import confined, leftovers, mounts, sandbox, syscalls
from pmrunnerd.services.agents.listening import OUTPUT_LIMIT
from pmrunnerd.services.sandbox import Sandbox
from tests.integration.runhost.hosts import Hosts, end, every, printed
from tests.unit.services.parts import (
    ENVIRONMENT,
    eventually,
    git,
    needs_root,
    needs_sandbox,
    processes,
)

pytestmark = needs_sandbox

MIB = 1 << 20
# What a run host may have in memory whatever a script prints; one that is idle has about 25 MiB.
MEMORY = 48 * MIB


def _nothing_is_left(hosts: Hosts, run: str, word: str) -> None:
    """Look at every process of the machine: by what it inherited, and by what it was told."""
    assert not hosts.host.alive(run)
    assert leftovers.of(run) == set()
    assert processes(word) == []


# Each prints `on` once all of it runs, and would go on for long.
LEAVES = {
    "a hundred children": "for i in $(seq 100); do sleep {word} & done; echo on; wait",
    "daemons that forked twice": (
        "for i in 1 2 3 4 5; do (setsid bash -c 'nohup sleep {word} & disown; exit' &) ; done;"
        " while [ $(pgrep -c sleep) -lt 5 ]; do :; done; echo on; sleep {word}"
    ),
    "what ignores every signal that it can": (
        "trap '' TERM HUP INT QUIT USR1 PIPE; (trap '' TERM; sleep {word}) & echo on;"
        " while :; do sleep {word}; done"
    ),
    "what shed its name": "env -i setsid -f /bin/sleep {word}; echo on; sleep {word}",
    "what stopped itself": "bash -c 'echo on; kill -STOP $$; : {word}'",
}


@pytest.mark.parametrize("way", ["stopped", "killed"])
@pytest.mark.parametrize("kind", LEAVES)
def test_no_process_of_a_script_is_left_however_the_run_ends(
    tmp_path: Path, kind: str, way: str
) -> None:
    word = f"72{os.getpid()}1"
    with Hosts(tmp_path) as hosts:
        run = hosts.start(LEAVES[kind].replace("{word}", word))
        hosts.until(run, "on")
        eventually(lambda: processes(word))
        if way == "stopped":
            hosts.stop(run)
            assert end(hosts.said(run)).outcome is Outcome.INTERRUPTED
        else:
            hosts.kill(run)
            assert end(hosts.run("true", earlier=(run,))).outcome is Outcome.SUCCEEDED
        _nothing_is_left(hosts, run, word)


def test_what_ignores_signals_is_ended_by_its_limit_too(tmp_path: Path) -> None:
    word = f"72{os.getpid()}3"
    script = LEAVES["what ignores every signal that it can"].replace("{word}", word)
    with Hosts(tmp_path) as hosts:
        run = hosts.start(script, limits=Limits(total=1, silence=60))
        assert end(hosts.over(run)).outcome is Outcome.TIMED_OUT
        _nothing_is_left(hosts, run, word)


def test_work_among_a_hundred_children_is_committed_once(tmp_path: Path) -> None:
    word = f"72{os.getpid()}2"
    script = f"for i in $(seq 100); do (echo $i > $i; setsid -f sleep {word}) & done; wait"
    with Hosts(tmp_path) as hosts:
        said = hosts.run(script)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [commit.files for commit in every(said, Committed)] == [100]
        assert git(hosts.workspace, "rev-list", "--count", "HEAD") == "2\n"
        assert processes(word) == []


@pytest.mark.parametrize(
    "script",
    [
        "yes 0123456789012345678901234567890123456789 | head -c 1G || true",
        "head -c 100M /dev/zero | tr '\\0' x",
        "head -c 100M /dev/zero",
        "head -c 40M /dev/urandom >&2",
    ],
    ids=["1 GB of lines", "a line of 100 MB", "100 MB of zeros", "40 MB of noise"],
)
def test_what_prints_without_end_costs_neither_memory_nor_disk_and_is_told(
    tmp_path: Path, script: str
) -> None:
    with Hosts(tmp_path) as hosts:
        run = hosts.start(f"{script}; echo x > new")
        peak, pid = 0, hosts.pid(run)
        while hosts.host.alive(run):
            peak = max(peak, _peak(pid))
            time.sleep(0.02)
        said = hosts.said(run)

        assert 10 * MIB < peak < MEMORY
        assert end(said).outcome is Outcome.SUCCEEDED
        assert len(every(said, Committed)) == 1
        assert printed(said, "runner") == "it printed more than 64 MiB; the rest is not kept\n"
        size = hosts.directory(run).events.stat().st_size
        assert OUTPUT_LIMIT <= size < OUTPUT_LIMIT + 2 * MIB


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def test_every_byte_that_is_printed_can_be_told_from_every_other(tmp_path: Path) -> None:
    octets = "".join(f"\\x{number:02x}" for number in range(256))
    with Hosts(tmp_path) as hosts:
        said = hosts.run(f"printf 'h\\xc3\\xa4\\n{octets}\\n\\xf0\\x9f\\n'")

        expected = b"h\xc3\xa4\n" + bytes(range(256)) + b"\n\xf0\x9f\n"
        assert printed(said) == expected.decode(errors="backslashreplace")


def test_a_script_that_closes_its_output_goes_on_and_is_committed(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = hosts.run("exec >&- 2>&-; sleep 0.2; echo x > new")

        assert end(said).outcome is Outcome.SUCCEEDED
        assert len(every(said, Committed)) == 1


def test_silence_is_told_apart_from_taking_too_long(tmp_path: Path) -> None:
    limits = Limits(total=2.5, silence=1)
    with Hosts(tmp_path) as hosts:
        talks = hosts.run("while :; do echo still here; sleep 0.1; done", limits=limits)
        hums = hosts.run("exec >&- 2>&-; sleep 99", limits=limits)
        falls_silent = hosts.run("echo last words; sleep 99", limits=limits)

    assert _ended(talks) == (Outcome.TIMED_OUT, "not done after 2.5 s: still here")
    assert _ended(hums) == (Outcome.STALLED, "silent for 1 s")
    assert _ended(falls_silent) == (Outcome.STALLED, "silent for 1 s: last words")


def _ended(said: list[AnyProgress]) -> tuple[Outcome, str]:
    finished = end(said)
    return finished.outcome, finished.reason.replace("\nstill here", "")


@needs_root
def test_an_ordinary_user_s_fork_bomb_stays_in_its_sandbox_and_counts_nobody_else() -> None:
    """Root is nowhere held to a number of processes; somebody else is, sandbox by sandbox."""
    few = 40
    gate = confined._GATE.replace(str(confined._PROCESSES), str(few))
    # The bomb; and a script with as many processes as it may have, at the same time.
    bomb = "n=0; for i in $(seq 100); do sleep 5 & done; echo survived"
    tame = f"for i in $(seq {few - 8}); do sleep 2 & done; wait; echo all of them"
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        os.chown(workspace, 54322, 54322)
        started = [_as_somebody(workspace, gate, script) for script in (bomb, tame, tame)]
        found = [process.communicate("go\n", timeout=60) for process in started]

    (out, err), *others = found
    assert "survived" not in out
    assert "Resource temporarily unavailable" in err
    assert [out for out, _ in others] == ["\nall of them\n"] * 2, others
    # Without the limit, which is one command of the gate.
    open_gate, limits = re.subn(r" ulimit [^;]*;", "", gate)
    assert limits == 1
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 54322, 54322)
        process = _as_somebody(Path(name), open_gate, bomb)
        assert "survived" in process.communicate("go\n", timeout=60)[0]


def _as_somebody(workspace: Path, gate: str, script: str) -> subprocess.Popen[str]:
    bwrap = sandbox.find()
    assert bwrap is not None
    machine = (*mounts.system(), *mounts.secrets(), "--proc", "/proc", "--dev", "/dev")
    box = Sandbox(bwrap=bwrap, machine=machine, workspace=workspace)
    command = ["/bin/sh", "-c", gate.replace("echo >&0", "echo"), "gate", "bash", "-c", script]
    user = ("setpriv", "--reuid", "54322", "--regid", "54322", "--clear-groups", "--")
    with syscalls.lent(syscalls.rules()) as rules:
        return subprocess.Popen(
            [*user, *box.argv(command, ENVIRONMENT, rules=rules)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=() if rules is None else (rules,),
        )


def test_the_programs_that_these_scripts_use_are_here() -> None:
    for name in ("setsid", "pgrep", "nohup", "yes", "head", "tr"):
        assert shutil.which(name), name

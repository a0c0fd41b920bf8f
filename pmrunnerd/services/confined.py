"""A cell made by bubblewrap: what runs in it ends with it, and it ends with us.

`--die-with-parent` is set by bubblewrap some milliseconds after it was started; a run host that is
killed before that would leave an orphan. So the command waits at a gate which only we can open,
and which nobody opens once we are gone.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from pmrunnerd.services import guard, lending, process, procfs, syscalls
from pmrunnerd.services.cell import NONE, CannotConfine, NoWorkspace, Reach
from pmrunnerd.services.child import KIB, Child, Usage
from pmrunnerd.services.leftovers import VARIABLE
from pmrunnerd.services.pipes import Drain
from pmrunnerd.services.sandbox import AGENT, Sandbox, hint, own

# Processes and threads of one command, those of nobody else: a sandbox has its own user namespace,
# and the kernel counts by that. `-u` is bash's letter for it, `-p` dash's. Where fewer are allowed
# already both refuse, and that is no news to whoever reads what the command prints.
_PROCESSES: Final = 4096
# Where memory is out, what the command started goes before whoever can say why.
_FIRST: Final = 500
_GATE: Final = (
    f"{{ echo {_FIRST} > /proc/self/oom_score_adj; }} 2>/dev/null;"
    f" ulimit -u {_PROCESSES} 2>/dev/null || ulimit -p {_PROCESSES} 2>/dev/null;"
    ' echo >&0 && read -r go && exec "$@"'
)
_PATIENCE: Final = 10.0
_CHANGED: Final = "No such file or directory"
_TRIES: Final = 3
_SOON: Final = 0.1
_INFO: Final = 4096


class Confined:
    """Starts commands in a sandbox."""

    confined = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._rules = syscalls.rules()
        self.workspace = sandbox.workspace

    def inside(self, name: str) -> str:
        """Return the path of a file of the run's `agent` directory as the sandbox has it."""
        return f"{AGENT}/{name}"

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> "Prisoner":
        """Start a command in a sandbox of its own; raise CannotConfine where none starts."""
        for _ in range(_TRIES):
            try:
                return await self._start(command, environment, reach)
            except CannotConfine as exc:
                if _CHANGED not in str(exc):
                    raise
                # What is to be covered went between our look and bubblewrap's: a git that works
                # there, or another sandbox that ends. It is looked at anew.
                await asyncio.sleep(_SOON)
        return await self._start(command, environment, reach)

    async def _start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach
    ) -> "Prisoner":
        if not self.workspace.is_dir():
            raise NoWorkspace(self.workspace)
        box = replace(self._sandbox, reach=reach)
        # What cannot be written needs no guard, and nothing is made there to be one.
        guarded = (box.writable or box.history) and not reach.unguarded
        walls = replace(box, guarded=guard.find(self.workspace)) if guarded else box
        told, tell = os.pipe2(os.O_CLOEXEC)
        ours, theirs = socket.socketpair()
        with (
            ours,
            theirs,
            os.fdopen(told, "rb", buffering=0) as info,
            syscalls.lent(self._rules) as rules,
            lending.secrets(reach.secrets) as secrets,
            lending.variables({**environment, **secrets}) as variables,
        ):
            # By this a later run finds what is left; all else is nobody's to read.
            name = {VARIABLE: environment.get(VARIABLE, "")}
            gated = ["/bin/sh", "-c", _GATE, "gate", *command]
            try:
                child = process.start(
                    walls.argv(gated, name, variables=variables, info=tell, rules=rules),
                    cwd=Path("/"),
                    env={**own(), **name},
                    stdin=theirs.fileno(),
                    pass_fds=(
                        *(tell, variables),
                        *(() if rules is None else (rules,)),
                        *map(int, secrets.values()),
                        *reach.lent,
                    ),
                )
            finally:
                os.close(tell)
            theirs.close()
            ours.settimeout(0)
            prisoner = Prisoner(child)
            try:
                await self._let_go(prisoner, ours, info.fileno())
            except CannotConfine:
                await prisoner.end()
                if not self.workspace.is_dir():
                    raise NoWorkspace(self.workspace) from None
                raise
            except BaseException:
                await prisoner.end()
                prisoner.close()
                raise
            if reach.talks:
                prisoner.stdin = os.dup(ours.fileno())
            return prisoner

    async def _let_go(self, prisoner: "Prisoner", gate: socket.socket, info: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_PATIENCE):
                there = await loop.sock_recv(gate, 1)
        except (TimeoutError, ConnectionResetError):
            there = b""
        if not there:
            raise await prisoner.failure()
        # bubblewrap has written it long ago, and closed it: a command is behind the gate.
        prisoner.know(os.read(info, _INFO))
        gate.send(b"go\n")


class Prisoner:
    """A command in a sandbox. Known are bubblewrap outside and the first process inside.

    Bubblewrap ends with the command, and all else inside with bubblewrap. So it is held meanwhile:
    what is still there when the command ends is asked what it used before anybody kills it.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._first: int | None = None
        self._first_file: int | None = None
        self.stdout, self.stderr = child.stdout, child.stderr
        self.stdin: int | None = None
        self.usage: Usage | None = None
        self._command_file: int | None = None
        self._left: Usage | None = None  # what those used that are killed

    def know(self, info: bytes) -> None:
        """Take note of the first process inside, which is there and cannot end before we do."""
        self._first = int(json.loads(info)["child-pid"])
        self._first_file = os.pidfd_open(self._first)
        with contextlib.suppress(ValueError, ProcessLookupError):
            (command,) = procfs.children(self._first)
            self._command_file = os.pidfd_open(command)
            self._child.hold()
            asyncio.get_running_loop().add_reader(self._command_file, self._over, command)

    def _over(self, command: int) -> None:
        """The command is over: measure what is left, and let bubblewrap go on to its end."""
        self._forget_command()
        if self._first is not None and self._left is None:
            alone = procfs.children(self._first) <= {command}
            self._left = Usage(0, 0.0) if alone else procfs.used_below(self._first)
        self._child.go_on()

    def _forget_command(self) -> None:
        if self._command_file is not None:
            asyncio.get_running_loop().remove_reader(self._command_file)
            os.close(self._command_file)
            self._command_file = None

    def close(self) -> None:
        """Close the pipes that nobody will read."""
        os.close(self.stdout)
        os.close(self.stderr)

    async def failure(self) -> CannotConfine:
        """Return what bubblewrap said when it could not start."""
        said = bytearray()
        self._child.kill()
        drains = [Drain(file, said.extend) for file in (self.stdout, self.stderr)]
        async with asyncio.TaskGroup() as group:
            for drain in drains:
                group.create_task(drain.finished())
        text = said.decode(errors="replace").strip() or "bubblewrap ended without a word"
        return CannotConfine(f"cannot confine the agent: {text}", hint=hint(text))

    async def wait(self) -> int:
        """Return the command's exit status; bubblewrap says 128+n where signal n ended it."""
        return await self._child.wait()

    async def end(self) -> None:
        """Kill everything inside and return when nothing is left of it."""
        if self._first is not None and self._left is None and self._child.usage is None:
            self._left = procfs.used_below(self._first)
        self._forget_command()
        self._child.kill()
        if self._first_file is not None:
            # Readable once the kernel has ended the whole pid namespace, and not before.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_file, signal.SIGKILL)
            await _readable(self._first_file)
            os.close(self._first_file)
            self._first_file = None
        await self._child.end()
        self._add_up()

    def _add_up(self) -> None:
        if self._first is None or self.usage is not None or self._left is None:
            return
        used = self._child.usage
        # Ours to wait for only if bubblewrap went first and we adopt orphans.
        with contextlib.suppress(ChildProcessError):
            pid, _, first = os.wait4(self._first, os.WNOHANG)
            if pid:
                used = Usage(first.ru_maxrss * KIB, first.ru_utime + first.ru_stime)
        if used is not None:
            self.usage = used.with_(self._left)


async def _readable(file: int) -> None:
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    loop.add_reader(file, seen.set)
    try:
        await seen.wait()
    finally:
        loop.remove_reader(file)

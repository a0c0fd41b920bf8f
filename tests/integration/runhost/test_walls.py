"""Each way out of a run, tried by a real run; and tried again where exactly its wall is missing."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import AnyProgress
from pmrunnerd.model.spec import Limits
from pmrunnerd.services.host.detached import Detached
from tests.integration.runhost.doors import doors
from tests.integration.runhost.hosts import Hosts, end, printed
from tests.integration.runhost.walls import weaker
from tests.unit.services.parts import (
    eventually,
    needs_root,
    needs_sandbox,
    processes,
    repository,
)

pytestmark = needs_sandbox

_ATTACH = "import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(16, {host}, 0, 0) != 0)"
_LONG = Limits(total=3600, silence=3600)
_FORGED = '{"event":"finished","at":"","outcome":"succeeded","reason":"forged"}'


class Attempt(NamedTuple):
    """A script that exits 0 if it got out; and the walls, and the absence, that keep it in.

    Where there are several walls, each of them is enough. `kills` says that what it attacks is gone
    where it got out.
    """

    script: str
    walls: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    kills: bool = False


OUTSIDE = ("{outside}",)
ATTEMPTS = {
    "write outside": Attempt("echo x > {outside}/escaped", unseen=OUTSIDE),
    "write outside by ..": Attempt("echo x > ../outside/escaped", unseen=OUTSIDE),
    "write through a link": Attempt("ln -s {outside} link; echo x > link/escaped", unseen=OUTSIDE),
    "write through the root of its process": Attempt(
        "echo x > /proc/self/root{outside}/escaped", unseen=OUTSIDE
    ),
    "write through a hard link": Attempt(
        "ln {outside}/secret hard; echo escaped >> hard; rm hard",
        walls=("a mount of its own",),
        unseen=("{root}",),
    ),
    "read a secret of the state": Attempt("cat {state}/secret", unseen=("{state}",)),
    "read another run's spec": Attempt("cat {runs}/{other}/spec.json", unseen=("{runs}",)),
    "read another run's events": Attempt("cat {runs}/{other}/events.jsonl", unseen=("{runs}",)),
    "read its own spec": Attempt("cat {runs}/$PM_RUNNER_RUN/spec.json", unseen=("{runs}",)),
    "see another workspace": Attempt("cat {neighbour}/kept.txt", unseen=("{neighbour}",)),
    "forge its own events": Attempt(
        f"echo '{_FORGED}' >> {{runs}}/$PM_RUNNER_RUN/events.jsonl", unseen=("{runs}",)
    ),
    "change its own script": Attempt(
        "echo true > /run/pm-agent/script", read_only=("/run/pm-agent",)
    ),
    "see another run's process": Attempt("test -e /proc/{child}", walls=("own processes",)),
    "kill another run's process": Attempt("kill -9 {child}", walls=("own processes",), kills=True),
    "kill another run's host": Attempt("kill -9 {host}", walls=("own processes",), kills=True),
    "connect to a socket that has a path": Attempt(
        'cd {state}; python3 -c "{named}"', unseen=("{state}",)
    ),
    "connect to a socket that has none": Attempt('python3 -c "{abstract}"', walls=("own network",)),
    "connect to 127.0.0.1": Attempt('python3 -c "{four}"', walls=("own network",)),
    "connect to ::1": Attempt('python3 -c "{six}"', walls=("own network",)),
}
_ALL_THREE = ("own processes", "own users", "no capabilities")
ROOTS_ATTEMPTS = {
    "read a host's environment": Attempt("tr '\\0' ' ' < /proc/{host}/environ", walls=_ALL_THREE),
    "trace another run's host": Attempt(f'python3 -c "{_ATTACH}"', walls=_ALL_THREE),
    "write through another's root": Attempt(
        "echo x > /proc/{host}/root{outside}/escaped", walls=_ALL_THREE
    ),
    "make the system writable": Attempt(
        "mount -o remount,rw,bind /usr && touch -c /usr/bin", walls=("no capabilities",)
    ),
    "read a secret of the machine": Attempt("cat /etc/shadow", walls=("secrets covered",)),
    # Opened and not written: what an attempt can do must not depend on its being stopped.
    "change a setting of the kernel": Attempt(
        ": >> /proc/sys/kernel/core_pattern", walls=("settings covered",)
    ),
    "kill by the cgroup": Attempt(
        "unshare -U --keep-caps -m -C sh -c 'mkdir /tmp/c; mount -t cgroup2 none /tmp/c &&"
        " : >> /tmp/c/cgroup.procs'",
        walls=("rules for the kernel",),
    ),
}


class World:
    """A run that is to be attacked, everything around it, and what a run did that attacked it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hosts = Hosts(root)
        self.strong = self.hosts.host
        self.neighbour = repository(root / "neighbour")
        self.word = f"71{os.getpid()}1"
        self.outside = root / "outside"
        self.outside.mkdir()
        self.state = root / "state"
        (self.state / "runs").mkdir(parents=True)
        self.other = ""
        self.tries = 0

    def ready(self) -> None:
        """Have a run to attack, and everything as it was."""
        (self.outside / "escaped").unlink(missing_ok=True)
        for place in (self.outside, self.state):
            (place / "secret").write_text("secret\n")
        if not self.stands():
            # Of one that was killed a half can be there for a moment yet.
            eventually(lambda: not self._child() and not self.strong.alive(self.other))
            self.hosts.host = self.strong
            # It must not end by itself, however long all the attempts take.
            self.other = self.hosts.start(
                f"sleep {self.word}", workspace=self.neighbour, limits=_LONG
            )
            eventually(self.stands)

    def stands(self) -> bool:
        """Tell whether the run that is attacked is there, host and script."""
        return bool(self._child()) and self.strong.alive(self.other)

    def _child(self) -> list[int]:
        return processes(f"sleep\0{self.word}")

    def run(self, script: str, path: str | None = None) -> list[AnyProgress]:
        """Run a script where PATH has this bubblewrap."""
        self.hosts.host = self.strong if path is None else Detached(self.hosts.runs, path=path)
        return self.hosts.run(script, title="attempt")

    def weaker(self, **how: Any) -> str:
        self.tries += 1
        return weaker(self.root / f"programs{self.tries}", **how)

    def names(self, doors: dict[str, str]) -> dict[str, str]:
        return {
            "root": str(self.root),
            "outside": str(self.outside),
            "state": str(self.state),
            "neighbour": str(self.neighbour),
            "runs": str(self.hosts.runs),
            "other": self.other,
            "host": str(self.hosts.pid(self.other)),
            "child": str(self._child()[0]),
            **doors,
        }

    def got_out(self, said: list[AnyProgress]) -> bool:
        """Tell by what is to be seen outside."""
        return (
            (self.outside / "escaped").exists()
            or "escaped" in (self.outside / "secret").read_text()
            or "secret" in printed(said)
            or not self.stands()
        )


class Scene(NamedTuple):
    """A world with somebody at its doors, and how each attempt ended in there with all its walls."""

    world: World
    doors: dict[str, str]
    statuses: dict[str, str]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    world = World(tmp_path_factory.mktemp("world"))
    with world.hosts, doors(world.state) as open_doors:
        world.ready()
        names = world.names(open_doors)
        all_of_them = ATTEMPTS | (ROOTS_ATTEMPTS if os.geteuid() == 0 else {})
        scripts = [_filled(attempt.script, names) for attempt in all_of_them.values()]
        lines = [
            f"rm -f link hard; status=0; bash -euc {shlex.quote(script)} || status=$?; echo status $status"
            for script in scripts
        ]
        said = world.run("\n".join(lines))
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert not world.got_out(said), said
        statuses = re.findall(r"^status (\d+)$", printed(said), re.MULTILINE)
        yield Scene(world, open_doors, dict(zip(all_of_them, statuses, strict=True)))


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_run_gets_out_only_where_exactly_that_wall_is_missing(scene: Scene, attempt: str) -> None:
    _try(scene, attempt, ATTEMPTS[attempt])


@needs_root
@pytest.mark.parametrize("attempt", ROOTS_ATTEMPTS)
def test_a_run_of_root_gets_out_only_where_exactly_that_wall_is_missing(
    scene: Scene, attempt: str
) -> None:
    _try(scene, attempt, ROOTS_ATTEMPTS[attempt])


def _try(scene: Scene, name: str, attempt: Attempt) -> None:
    world = scene.world
    # 127 would be a program that is not there, and no wall.
    assert scene.statuses[name] not in {"0", "127"}
    world.ready()
    names = world.names(scene.doors)
    script = _filled(attempt.script, names)
    for one in attempt.walls if len(attempt.walls) > 1 else ():
        others = tuple(wall for wall in attempt.walls if wall != one)
        said = world.run(script, world.weaker(without=others))
        assert end(said).outcome is Outcome.FAILED, (one, said)
        assert not world.got_out(said), (one, said)

    shown = tuple(Path(_filled(place, names)) for place in attempt.unseen)
    path = world.weaker(without=attempt.walls, shown=shown, writable=attempt.read_only)
    said = world.run(script, path)
    assert end(said).outcome is Outcome.SUCCEEDED, said
    if attempt.kills:
        eventually(lambda: not world.stands())


def _filled(script: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        script = script.replace(f"{{{name}}}", value)
    return script

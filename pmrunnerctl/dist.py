"""The release that a daemon without systemd runs: what `dist` of its environment points to, where there is one.

Without one a daemon is the code of this very client. The root is what the daemon was told, or `build` of the checkout.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pmrunnerctl import given, lastly, launch, offline
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.prove import PROGRAM
from pmrunnerctl.where import checkout
from pmrunnerd.model.proof import ReleaseRow
from pmrunnerd.model.views import Overview

ROOT: Final = "--root"
# What a daemon is called that nobody has named.
_USUAL: Final = "dev"
# How a release is called that is none.
_CHECKOUT: Final = "+checkout"
_LAUNCHER: Final = "usr/lib/pm-runner/launch"


class Dist(NamedTuple):
    """An environment below a root, with a release that runs there."""

    root: Path
    environment: str

    def _launch(self, deed: str) -> list[str]:
        launcher = self.root / _LAUNCHER
        return [
            *(sys.executable, "-IBS", str(launcher), ROOT, str(self.root)),
            *(deed, self.environment),
        ]

    @property
    def program(self) -> list[str]:
        """The command that is a daemon of it, whose start counts where it is on trial."""
        return self._launch("alone")

    def was_stopped(self) -> None:
        """Say that a person had it leave."""
        launch.after_a_stop(self._launch("ended"))


def root_of(words: Sequence[str]) -> Path:
    """Return below what a daemon with these options has releases."""
    if named := given.last(words, ROOT):
        return Path(named).absolute()
    found = checkout(Path.cwd())
    return found / "build" if found else Path("/")


def of(environment: str, words: Sequence[str]) -> Dist | None:
    """Return the release that runs as an environment with these options; None where there is none, or systemd has it."""
    found = Dist(root_of(words), _named(environment))
    is_one = (found.root / "opt/pm-runner" / found.environment / "dist").is_symlink()
    there = found.root != Path("/") and is_one and (found.root / _LAUNCHER).is_file()
    return found if there else None


def running(overview: Overview) -> Dist | None:
    """Return the same of a daemon that runs; None for one that is the code of a checkout."""
    if overview.release.endswith(_CHECKOUT):
        return None
    return of(overview.environment, lastly.options(Path(overview.state_directory)))


def must_be(overview: Overview, release: str) -> None:
    """Refuse to have another release run by a start."""
    if release and overview.release != release:
        raise Cannot(
            f"cannot start {release}: pmrunnerd (pid {overview.pid}) runs already, as {overview.release}",
            exits=Exit.REFUSED,
            code="refused",
            hint="pmrunnerctl stop --keep-runs   # then start it again",
        )


def begin(environment: str, words: Sequence[str], release: str) -> None:
    """Have an environment run a release that never ran one. Raises Cannot."""
    where = (f"--env={_named(environment)}", f"--root={root_of(words)}")
    offline.ask("first", ReleaseRow, *where, f"--release={release}", program=PROGRAM)


def _named(environment: str) -> str:
    return environment or os.environ.get("PMRUNNER_ENV", "") or _USUAL

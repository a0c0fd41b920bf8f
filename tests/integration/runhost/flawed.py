"""A bubblewrap that is flawed once, for one command, and works for all others."""

from os import environ
from pathlib import Path
from typing import Final

from pmrunnerd.services import sandbox

_PROGRAM: Final = """\
#!/bin/sh
case "$*" in
    *{words}*) if mkdir {here}/done 2>/dev/null; then {instead}; fi ;;
esac
exec {bwrap} "$@"
"""
# It does not start.
NO_START: Final = "exit 1"
# What it runs has done its work, and is killed all the same, as by a machine that is out of memory.
KILLED: Final = '{bwrap} "$@"; exit 137'
# It takes longer than anybody waits for it.
HELD_UP: Final = "sleep 60"


class Flawed:
    """The first command with these words (a pattern of a shell) meets something else `instead`."""

    def __init__(self, root: Path, words: str, instead: str = NO_START) -> None:
        self._programs = root / "programs"
        self._programs.mkdir()
        bwrap, program = sandbox.find(), self._programs / "bwrap"
        given = {"words": words, "here": self._programs, "bwrap": bwrap}
        program.write_text(_PROGRAM.format(**given, instead=instead.format(**given)))
        program.chmod(0o755)
        self.path = f"{self._programs}:{environ['PATH']}"

    @property
    def was_met(self) -> bool:
        return (self._programs / "done").is_dir()

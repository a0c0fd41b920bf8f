"""Starts the bare daemon, with the very modules that ours imports and did not write itself."""

import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.bench.living import first_answer
from tests.integration.daemon import environment

_BARE: Final = Path(__file__).with_name("bare.py")
_TELL: Final = """
import sys
import pmrunnerd.main, pmrunnerd.house
print(*sys.modules)
"""


@cache
def imported() -> tuple[str, ...]:
    """Return what the daemon imports before it answers, without its own modules."""
    done = subprocess.run(
        [sys.executable, "-c", _TELL],
        env=environment(Path("/nonexistent")),
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in done.stdout.split() if not name.startswith(("pmrunner", "__"))]
    return tuple(name for name in names if "editable" not in name)


class Bare:
    """One life of the bare daemon."""

    def __init__(self, directory: Path) -> None:
        self._socket = directory / "bare.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def answering(self) -> float:
        """Start it and return how many seconds it took until it had answered."""
        modules = imported()
        self._socket.unlink(missing_ok=True)
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, str(_BARE), str(self._socket), *modules],
            env=environment(self._socket.parent),
            stdin=subprocess.DEVNULL,
        )
        first_answer(self._socket)
        return time.perf_counter() - began

    def end(self) -> None:
        """Take it away; twice is once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

"""Whoever promotes under strace, and what must be true once the next one has come."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from pmrunnerd.model.promotion import ENDS as ENDS_OF
from pmrunnerd.model.promotion import Deed, Ending
from tests.crash.wayback import strace
from tests.house.tree import ROOT
from tests.package.ontrial import aftermath, told, trial
from tests.unit.services.promotion.faults import ENDS, good
from tests.unit.services.promotion.ground import Prod

PATIENCE: Final = 60.0


class Promoters:
    """Makes them, and has strace count their calls, kill one at a call, or lie to it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        assert process.stdin
        assert process.stdout
        self._asks: IO[bytes] = process.stdin
        self._answers: IO[bytes] = process.stdout

    def promote(self, prod: Prod, fault: str, trace: Path, *options: str) -> int:
        """Have one promote; return how it ended: a number below zero is a signal."""
        pid = self._say(f"{prod.root} {fault}")
        tracing = subprocess.Popen([*strace(trace), *options, "-p", str(pid)])
        try:
            until = time.monotonic() + PATIENCE
            # Seized it is before each of its calls is seen, and it makes none that counts before it is told to.
            while not _is_traced(pid):
                assert tracing.poll() is None
                assert time.monotonic() < until
                time.sleep(0.001)
            return self._say("go")
        finally:
            tracing.wait(PATIENCE)

    def _say(self, line: str) -> int:
        self._asks.write(f"{line}\n".encode())
        self._asks.flush()
        return int(self._answers.readline())


@contextlib.contextmanager
def promoters() -> Iterator[Promoters]:
    """Have them at hand; none is left after."""
    words = (sys.executable, "-B", "-m", "tests.crash.promotes")
    with subprocess.Popen(
        words, cwd=ROOT, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Promoters(process)
        finally:
            process.stdin.close()  # type: ignore[union-attr]


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return "\nTracerPid:\t0\n" not in status


# Who comes next


def _nobody(_: Prod) -> None:
    """Root's unit starts another one at once."""


def _come_back(prod: Prod) -> None:
    with told({"SERVICE_RESULT": "signal"}), prod.held() as found:
        status = aftermath.come_back(found)
    if status == trial.DONE:
        prod.start()


def _boot(prod: Prod) -> None:
    with contextlib.suppress(FileNotFoundError):
        record = json.loads((prod.place / "trial.json").read_text())
        (prod.place / "trial.json").write_text(json.dumps(record | {"boot": "another"}))
    with prod.held() as found:
        trial.settle(found)
    prod.start()


NEXT: Final[Mapping[str, Callable[[Prod], None]]] = {
    "another promoter": _nobody,
    "the end of its unit": _come_back,
    "a boot": _boot,
}


def must_be_ended_by(
    comes: str, prod: Prod, fault: Callable[[Prod], None], also: Sequence[Ending] = ()
) -> Ending:
    """Have the next one come, and a promoter after that; look at what they made of what was left.

    `also` is how it may end besides: it was told of trouble.
    """
    assert prod.dist in {prod.old, prod.new}
    fault(prod)
    NEXT[comes](prod)
    ending = prod.promote()
    lines = prod.lines().lines
    # Nobody saw what is good prove itself: it comes back, and nobody says that it is bad.
    allowed = {ENDS[fault][0], *also} | ({Ending.RETURNED} if fault is good else set())
    assert ending in allowed, lines
    assert ENDS_OF[lines[-1].step] is ending, lines
    stays = prod.new if ending is Ending.DONE else prod.old
    assert (prod.dist, prod.runs) == (stays, stays), lines
    assert prod.trial is None or not prod.trial.is_open
    assert lines[-1].why or ending is Ending.DONE, "the record does not say why"
    assert {path.name for path in (prod.place / "p1").iterdir()} == {"steps.jsonl"}
    return ending


def must_promote_again(prod: Prod) -> None:
    """Have somebody promote once more, or go back: what was left refuses nothing."""
    prod.crashes.clear()
    prod.unwell.clear()
    prod.differs = ()
    order = prod.order(id="p2")
    if prod.dist == prod.new:
        order = prod.order(id="p2", deed=Deed.ROLLBACK, release=prod.old, record=b"")
    assert prod.promote(order) is Ending.DONE, prod.lines("p2").lines
    assert (prod.dist, prod.runs) == (order.release, order.release)
    assert not list(prod.home.glob(".*")), "what was begun is used up"

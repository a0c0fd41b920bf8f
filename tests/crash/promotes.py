"""Those who promote, each in a process of its own, to be killed: `python -m tests.crash.promotes`.

A line `ROOT FAULT` makes one, whose number is told. It waits for a line more, so that somebody can trace it; how it
ended is told, too. What each of them needs is in memory by then: it costs a fork.
"""

import ctypes
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Final

from pmrunnerd.store.durable import Disk
from tests.unit.services.promotion import faults
from tests.unit.services.promotion.ground import Prod

BUG: Final = 70
_PR_SET_PTRACER: Final = 0x59616D61


def promote(root: str, fault: str) -> int:
    """Promote the new release of a root, which has a fault; return how that ended, or 1 as who promotes does."""
    logging.disable()  # its record is what counts
    prod = Prod(Path(root))
    getattr(faults, fault)(prod)
    try:
        return prod.promote(disk=Disk())
    except OSError as error:
        sys.stderr.write(f"cannot promote: {error}\n")
        return 1


def main() -> None:
    # Not buffered: a line is for who reads it, of two processes.
    asked = os.fdopen(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    while words := asked.readline().split():
        root, fault = map(os.fsdecode, words)
        process = os.fork()
        if not process:
            # Who traces is no parent of ours, which some kernels want; others do not know the word.
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, -1, 0, 0, 0)
            asked.readline()
            status = BUG
            try:
                status = promote(root, fault)
            except BaseException:  # noqa: BLE001 - or two would go on here
                traceback.print_exc()
            finally:
                os._exit(status)
        _tell(process)
        _tell(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

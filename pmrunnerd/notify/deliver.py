"""Carries out one order: a few tries with growing pauses, within one time limit for all of it."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.notices import Order, Word, shown
from pmrunnerd.notify import webhook
from pmrunnerd.notify.dial import Forbidden, Unreachable
from pmrunnerd.notify.reach import listed

# Seconds between two tries, and for all of them together.
PAUSES: Final = (1.0, 4.0, 10.0)
TOTAL: Final = 60.0


class OutOfTime(Exception):
    """It took too long in all, whoever was slow."""


def deliver(
    order: Order,
    *,
    pause: Callable[[float], object] = time.sleep,
    total: float = TOTAL,
) -> Word:
    """Send it, and return what came of that. Call it from the main thread."""
    tries, problem = 0, Unreachable("cannot send: it was never tried")
    try:
        with _limited(total):
            for wait in (*PAUSES, 0.0):
                tries += 1
                try:
                    return replace(_send(order), tries=tries)
                except Forbidden as exc:
                    problem = exc
                    break
                except Unreachable as exc:
                    problem = exc
                if wait:
                    pause(wait)
    except OutOfTime:
        where = shown(order.target.url)
        problem = Unreachable(f"cannot send to {where}: it took longer than {total:g} s")
    return Word(delivered=False, said=str(problem), hint=problem.hint, tries=tries)


def _send(order: Order) -> Word:
    return webhook.post(order.target.url, order.notification, listed(order.private), order.proxy)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise OutOfTime once that much has gone by, in whatever is being waited for."""

    def end(_: int, __: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

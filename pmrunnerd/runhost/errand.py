"""One errand of the daemon's, done where a run would be held: as the same user, in the same walls."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any, Final

from pmrunnerd.model.errand import Answer, Errand
from pmrunnerd.model.errors import PmError, Unavailable
from pmrunnerd.services.errands import deeds
from pmrunnerd.services.errands.paper import Paper, failure

log = logging.getLogger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def do(paper: Paper, listening: Callable[[], None]) -> None:
    """Do what a paper says and write what came of it; a failure is an answer. Raises OSError.

    `listening` is called once a signal is heard and no longer deadly.
    """
    try:
        errand, secret = paper.take()
        answer = _run(paper, errand, secret, listening)
    except (PmError, OSError) as exc:
        answer = failure(exc)
    paper.put(answer)


def _run(paper: Paper, errand: Errand[Any], secret: str, listening: Callable[[], None]) -> Answer:
    with paper.loading() as cargo:
        return asyncio.run(_do(errand, secret, cargo, listening))


async def _do(
    errand: Errand[Any], secret: str, cargo: int, listening: Callable[[], None]
) -> Answer:
    loop = asyncio.get_running_loop()
    told = False

    def stop() -> None:
        nonlocal told
        # Once: a second cancellation would interrupt the killing that the first one began.
        if not told:
            working.cancel()
        told = True

    try:
        async with asyncio.TaskGroup() as group:
            working = group.create_task(_safely(errand, secret, cargo), name=type(errand).__name__)
            for number in _SIGNALS:
                loop.add_signal_handler(number, stop)
            listening()
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    if working.cancelled():
        raise Unavailable("cannot finish the errand: it was told to stop")
    result = working.result()
    if isinstance(result, Exception):
        raise result
    return result


async def _safely(errand: Errand[Any], secret: str, cargo: int) -> Answer | Exception:
    """Return what came of it, or what was raised: a group would hide it in another one."""
    try:
        done: Answer = await deeds.do(errand, secret=secret, cargo=cargo)
    except (PmError, OSError) as exc:
        return exc
    except Exception:
        log.exception("cannot do %s", type(errand).__name__)
        return PmError(
            "cannot do what the daemon wants: this is a bug in pm-runner",
            hint="journalctl -u 'pm-runner-run@*'   has the rest",
        )
    return done

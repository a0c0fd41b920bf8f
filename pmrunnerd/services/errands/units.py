"""Errands that somebody else does: each is a short unit of the kind that holds runs, as their user.

The daemon writes what is to be done among the directories of runs, has the unit started, waits for
its answer, and clears up. It starts nothing itself, and looks at nothing of a workspace.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model import errand as e
from pmrunnerd.model.errand import A, Errand
from pmrunnerd.model.errors import PmError, Refused, Unavailable
from pmrunnerd.model.naming import ERRAND
from pmrunnerd.services import lockfile
from pmrunnerd.services.errands import Cargo, never
from pmrunnerd.services.errands.paper import Paper, name, raised
from pmrunnerd.services.host import Host

log = logging.getLogger(__name__)

UNIT: Final = "pm-runner-run@.service"
# Seconds that an errand may take: others than these are a matter of a moment.
_TOTAL: Final = 60.0
_LONG: Final[Mapping[type[Errand[Any]], float]] = {
    e.MakeSafe: 120.0,
    e.Trial: 180.0,
    e.LetGo: 600.0,
    e.Dispose: 3600.0,
    e.Survey: 600.0,
    e.Bring: 900.0,
    # While a release is on trial, and on a busy machine runs come after all else.
    e.Nest: 240.0,
}
# Seconds between two looks for the answer, and between two at who does it: that costs the manager's time.
_LOOK: Final = 0.01
_ASK: Final = 0.5
# What takes long is looked for less often.
_SLOWER: Final = 1.05
_LONGEST_PAUSE: Final = 0.2
# Seconds that somebody who answered may take to leave, and one who is stopped.
_LEAVE: Final = 5.0


class Units:
    """Has errands done by units that `host` holds, with their directories in `directory`."""

    sealed = True

    def __init__(self, host: Host, directory: Path) -> None:
        self._host = host
        self._directory = directory
        self._mine: set[str] = set()

    async def do(
        self,
        errand: Errand[A],
        *,
        secret: str = "",
        enough: Callable[[], bool] = never,
        cargo: Cargo | None = None,
    ) -> A:
        """Have it done. Raises what doing it raises, as PmError; Unavailable where nobody does it."""
        one = name(errand)
        paper = Paper(self._directory / one)
        self._mine.add(one)
        try:
            found = await self._done(errand, paper, secret, enough)
            if cargo is not None and not isinstance(found, e.Failed):
                with paper.brought() as file:
                    await asyncio.to_thread(cargo.take, file)
        except (OSError, PmError) as exc:
            # The same problem in the same words, whichever errand had it.
            told = str(exc).replace(one, e.word(errand))
            if isinstance(exc, PmError):
                raise type(exc)(told, hint=exc.hint) from exc
            raise Unavailable(f"cannot do errand {e.word(errand)}: {told}") from exc
        finally:
            await self._clear(paper)
            self._mine.discard(one)
        if isinstance(found, e.Failed):
            raise raised(found)
        answer: A = found
        return answer

    async def clear_abandoned(self) -> None:
        """End the errands of a daemon that was killed, and delete what is there of them."""
        try:
            there = {one.name for one in self._directory.iterdir() if ERRAND.fullmatch(one.name)}
        except OSError as exc:
            log.warning("cannot look for errands in %s: %s", self._directory, exc)
            return
        async with asyncio.TaskGroup() as group:
            for one in there - self._mine:
                group.create_task(self._clear(Paper(self._directory / one)), name=f"clear {one}")

    async def _done(
        self, errand: Errand[A], paper: Paper, secret: str, enough: Callable[[], bool]
    ) -> Any:
        await asyncio.to_thread(paper.write, errand, secret)
        await self._host.start(paper.path.name)
        began = asked = time.monotonic()
        total, pause = _LONG.get(type(errand), _TOTAL), _LOOK
        while (answer := paper.answered()) is None:
            now = time.monotonic()
            if enough():
                raise Unavailable(f"cannot finish errand {e.word(errand)}: there was enough")
            if now - began > total:
                raise Unavailable(
                    f"cannot finish errand {e.word(errand)}: it took longer than {total:g} s",
                    hint=_look(paper),
                )
            if now - asked > _ASK:
                asked = now
                if not self._host.alive(paper.path.name) and paper.answered() is None:
                    raise Unavailable(
                        f"cannot finish errand {e.word(errand)}: it ended without a word",
                        hint=_look(paper),
                    )
            await asyncio.sleep(pause)
            pause = min(pause * _SLOWER, _LONGEST_PAUSE)
        if not isinstance(answer, (_ANSWERS[type(errand)], e.Failed)):
            raise Refused(
                f"cannot use what came of errand {e.word(errand)}: {type(answer).__name__}"
            )
        return answer

    async def _clear(self, paper: Paper) -> None:
        """Have nobody be at work any more, and delete the directory; what stays is cleared another day."""
        if not paper.path.exists():
            return
        try:
            await self._over(paper)
            await asyncio.to_thread(paper.clear)
        except (OSError, PmError) as exc:
            log.warning("cannot clear up errand %s: %s", paper.path.name, exc)

    async def _over(self, paper: Paper) -> None:
        """Return once the errand's unit is gone; it is stopped where it does not leave by itself."""
        answered = False
        with contextlib.suppress(OSError, PmError):
            answered = paper.answered() is not None
        until = time.monotonic() + _LEAVE
        while (  # noqa: ASYNC110 - a lock that is let go tells nobody
            answered and lockfile.is_held(paper.lock) and time.monotonic() < until
        ):
            await asyncio.sleep(_LOOK)
        if lockfile.is_held(paper.lock) if answered else self._host.alive(paper.path.name):
            await self._host.stop(paper.path.name, _LEAVE)


def _look(paper: Paper) -> str:
    """Return where the unit of an errand says what was wrong."""
    return f"journalctl -u '*-{paper.path.name}.service'"


_ANSWERS: Final[Mapping[type[Errand[Any]], type[e.Answer]]] = {
    one: e.answer_of(one) for one in e.ERRANDS
}

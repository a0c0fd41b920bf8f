import asyncio
from collections.abc import Callable
from typing import Any

from pmrunnerd.confining import Confining
from pmrunnerd.model.errand import A, Confine, Confinement, Errand
from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.errands import Cargo, never


class Scripted:
    """Has its answers ready, in order: an error is raised."""

    sealed = True

    def __init__(self, *answers: Exception | Confinement) -> None:
        self._answers = list(answers)
        self.asked: list[Any] = []

    async def do(
        self,
        errand: Errand[A],
        *,
        secret: str = "",
        enough: Callable[[], bool] = never,
        cargo: Cargo | None = None,
    ) -> A:
        assert not secret
        self.asked.append(errand)
        assert not enough()
        answer: Any = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: A = answer
        return found

    async def clear_abandoned(self) -> None:
        """There is none."""


def test_what_keeps_us_from_a_look_is_no_reason_to_refuse_runs() -> None:
    confining = Confining(Scripted(Unavailable("cannot ask: no bus", hint="x")), unconfined=True)
    asyncio.run(confining.look())

    assert confining.shown == "not known yet: cannot ask: no bus"
    assert (confining.found.known, confining.found.hint) == (False, "x")


def test_it_is_looked_at_until_it_is_known_and_told_each_time() -> None:
    told = list[str]()
    errands = Scripted(OSError("busy"), Confinement(ok=True))
    asyncio.run(Confining(errands, unconfined=False).look_until_known(told.append, again=0))

    assert told == ["not known yet: busy", "bubblewrap"]


def test_what_is_known_is_not_looked_at_again() -> None:
    confining = Confining(Scripted(Confinement(ok=False, reason="no bwrap")), unconfined=False)
    asyncio.run(confining.look())
    asyncio.run(confining.look_until_known(lambda _: None))

    assert confining.shown == "none: no bwrap; runs are refused"


def test_it_is_tried_whether_a_run_comes_to_our_doors_and_told_where_one_does() -> None:
    door = "127.0.0.1:3502"
    errands = Scripted(Confinement(ok=True, doors=(door,)))
    confining = Confining(errands, unconfined=False, doors=(door,))
    asyncio.run(confining.look())

    assert errands.asked == [Confine(doors=(door,))]
    assert door in confining.shown

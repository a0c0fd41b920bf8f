"""What is worth it reaches people at least once: together with what came beside it, and after a restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.engine.notices import Notifier
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.model.notices import Order, Word
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.store import Store
from tests.unit.rules.life import started
from tests.unit.store.parts import running

SET = Settings(notify_webhook="https://hooks.example/hush", notify_private="10.0.0.0/8,fd00::/8")
TAKEN = Word(delivered=True, said="it was taken")
LOST = Word(delivered=False, said="nobody is there")


class Carrier:
    """Keeps orders, and says of each what it is told to; the last word stays."""

    def __init__(self, *words: Word | Exception) -> None:
        self.words = [*(words or (TAKEN,))]
        self.orders: list[Order] = []

    async def carry(self, order: Order) -> Word:
        self.orders.append(order)
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        if isinstance(word, Exception):
            raise word
        return word

    @property
    def told(self) -> list[list[str]]:
        """The names of the things of each notification."""
        return [[one.id for one in order.notification.about] for order in self.orders]


def failing(number: int) -> tuple[ev.AnyEvent, ...]:
    """Return the life of a project whose one task fails."""
    n = number
    task = ev.PlannedTask(task=f"t{n}", name="one", title="one", text="x")
    return (
        ev.ProjectAdded(project=f"w{n}", alias=f"cake{n}", path=f"/srv/{n}"),
        ev.MessagePosted(message=f"m{n}", project=f"w{n}", text="do it", by="anna"),
        ev.PlanDrafted(plan=f"p{n}", project=f"w{n}", message=f"m{n}", title="x", tasks=(task,)),
        ev.PlanApproved(plan=f"p{n}", project=f"w{n}"),
        replace(started(f"t{n}", f"r{n}"), project=f"w{n}"),
        ev.RunEnded(run=f"r{n}", project=f"w{n}", outcome=Outcome.FAILED, cursor=1),
        ev.TaskFailed(task=f"t{n}", project=f"w{n}", reason="exit status 3"),
    )


@asynccontextmanager
async def notifying(
    store: Store, carrier: Carrier, settings: Settings = SET, gather: float = 0.0
) -> AsyncIterator[Notifier]:
    notifier = Notifier(
        *(store, Clock(), carrier, settings), environment="prod", gather=gather, again=0.01
    )
    async with asyncio.TaskGroup() as group:
        life = group.create_task(notifier.run())
        yield notifier
        life.cancel()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(180):
        while not true():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)


def test_what_failed_is_told_once_and_a_restart_does_not_tell_it_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        carrier = Carrier()
        async with running(tmp_path / "state") as store, notifying(store, carrier):
            await until(lambda: store.state.notified is not None)
            await store.commit(*failing(1))
            await until(lambda: carrier.orders and store.state.notified == store.durable - 1)
            (order,) = carrier.orders
            assert order.private == ("10.0.0.0/8", "fd00::/8")
            assert order.notification.text == "cake1 t1: exit status 3"
        async with running(tmp_path / "state") as store, notifying(store, carrier):
            await store.commit(*failing(2))
            await until(lambda: len(carrier.orders) > 1)
        assert carrier.told == [["t1"], ["t2"]]

    asyncio.run(scenario())


def test_what_happened_before_anybody_wanted_to_know_is_not_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        carrier = Carrier()
        async with running(tmp_path / "state") as store:
            await store.commit(*failing(1))
            async with notifying(store, carrier):
                await until(lambda: store.state.notified is not None)
                await store.commit(*failing(2))
                await until(lambda: carrier.orders)
        assert carrier.told == [["t2"]]

    asyncio.run(scenario())


def test_what_was_due_when_a_daemon_was_killed_is_told_by_the_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second = Carrier(), Carrier()
        async with running(tmp_path / "state") as store, notifying(store, first, gather=60):
            await until(lambda: store.state.notified is not None)
            await store.commit(*failing(1))
        async with running(tmp_path / "state") as store, notifying(store, second):
            await until(lambda: second.orders)
        assert (first.told, second.told) == ([], [["t1"]])

    asyncio.run(scenario())


def test_what_happens_in_a_short_while_is_one_notification_without_what_is_over(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        carrier = Carrier()
        async with (
            running(tmp_path / "state") as store,
            notifying(store, carrier, gather=0.2),
        ):
            await until(lambda: store.state.notified is not None)
            for number in (1, 2, 3):
                await store.commit(*failing(number))
            await store.commit(ev.TaskRetried(task="t2", project="w2", by="anna"))
            await until(lambda: carrier.orders)
        assert carrier.told == [["t1", "t3"]]

    asyncio.run(scenario())


@pytest.mark.parametrize("wrong", [LOST, Unavailable("nobody is there"), OSError("no descriptor")])
def test_what_nobody_took_is_in_the_inbox_and_is_told_again_with_what_came_since(
    tmp_path: Path, wrong: Word | Exception
) -> None:
    async def scenario() -> None:
        carrier = Carrier(wrong, wrong, TAKEN)
        async with running(tmp_path / "state") as store, notifying(store, carrier):
            await until(lambda: store.state.notified is not None)
            await store.commit(*failing(1))
            await until(lambda: any(store.state.unnotified))
            await store.commit(*failing(2))
            await until(lambda: len(carrier.orders) == 3 and not any(store.state.unnotified))
            facts = [type(fact) for batch in store.read(0) for fact in batch.facts]
            # The same problem is one fact, however often it is met.
            assert facts.count(ev.NotificationFailed) == 1
        assert carrier.told[-1] == ["t1", "t2"]

    asyncio.run(scenario())


def test_who_wants_no_more_is_told_no_more_and_later_nothing_of_meanwhile(tmp_path: Path) -> None:
    async def scenario() -> None:
        carrier = Carrier()
        async with running(tmp_path / "state") as store, notifying(store, carrier) as notifier:
            await until(lambda: store.state.notified is not None)
            notifier.settings = Settings()
            await until(lambda: store.state.notified is None)
            await store.commit(*failing(1))
            with pytest.raises(Refused, match="nothing says where"):
                await notifier.test()
            notifier.settings = SET
            await until(lambda: store.state.notified is not None)
            await store.commit(*failing(2))
            await until(lambda: carrier.orders)
        assert carrier.told == [["t2"]]

    asyncio.run(scenario())


def test_a_test_says_what_came_of_it_and_records_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        carrier = Carrier(LOST)
        async with running(tmp_path / "state") as store:
            notifier = Notifier(*(store, Clock(), carrier, SET), environment="prod")
            assert await notifier.test() == (LOST, "https://hooks.example/…")
            assert store.durable == 0
        assert carrier.told == [["test"]]

    asyncio.run(scenario())


def test_a_long_time_without_anything_is_not_looked_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmrunnerd.engine.notices.FAR", 3)

    async def scenario() -> None:
        carrier = Carrier()
        async with running(tmp_path / "state") as store, notifying(store, carrier):
            await until(lambda: store.state.notified is not None)
            # How many it looks at together nobody knows: so many commits as it takes.
            async with asyncio.timeout(180):
                while (store.state.notified or 0) < 5:
                    await store.commit(ev.Drained(by="anna"))
        assert carrier.orders == []

    asyncio.run(scenario())

import asyncio
import errno
import json
from pathlib import Path

import pytest

from pmrunnerd.model.promotion import RECORDS, REQUESTS, Order
from pmrunnerd.model.promotions import PromotionState
from pmrunnerd.services.clock import Clock
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.store import Store
from tests.unit.engine.moves import ASKED, BEFORE, NAME, WELL, Moving, daemon, play


def test_root_is_asked_and_what_it_writes_down_is_told_to_the_end(tmp_path: Path) -> None:
    play(tmp_path, WELL)

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert (found.state, found.lines) == (PromotionState.CONFIRMED, 8)
            assert len(moving.facts()) == 9, "each line once"

    asyncio.run(scene())
    order = json.loads((tmp_path / "root" / RECORDS / "prod" / NAME / "order.json").read_text())
    assert (order["id"], order["approvedBy"], order["approvedAt"]) == (NAME, "anna", 1700)
    assert set(order) <= set(Order.__struct_encode_fields__)
    assert not list((tmp_path / "root" / REQUESTS / "prod").iterdir()), "nobody needs it any more"


def test_one_that_comes_back_says_why(tmp_path: Path) -> None:
    play(tmp_path, "begun\nopened\nrestarted\nreturning it crashed\nreturned it crashed\n")

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert (found.state, found.why) == (PromotionState.RETURNED, "it crashed")

    asyncio.run(scene())


def test_root_may_say_no(tmp_path: Path) -> None:
    play(tmp_path, "begun\nrefused it was rehearsed, and lost a question\n")

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            assert (await moving.over()).state is PromotionState.REFUSED

    asyncio.run(scene())


def test_the_next_daemon_reads_on_and_tells_nothing_twice(tmp_path: Path) -> None:
    steps = WELL.split("\n")
    play(tmp_path, "\n".join([*steps[:5], "wait go", *steps[5:]]))

    async def scene() -> None:
        async with daemon(tmp_path) as first:
            await first.store.commit(*BEFORE, ASKED)
            await first.until(lambda one: one.lines == 5)
        (tmp_path / "root/go").touch()
        async with daemon(tmp_path) as second:
            assert (await second.over()).state is PromotionState.CONFIRMED
            assert len(second.facts()) == 9

    asyncio.run(scene())


def test_a_daemon_that_was_killed_before_it_asked_has_the_next_one_ask(tmp_path: Path) -> None:
    play(tmp_path, WELL)

    async def scene() -> None:
        await recorded(tmp_path)
        async with daemon(tmp_path) as second:
            assert (await second.over()).state is PromotionState.CONFIRMED

    asyncio.run(scene())


class FullDisk(Disk):
    def replace_file(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        del data, mode
        raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_where_nothing_can_be_asked_nothing_becomes_of_it(tmp_path: Path) -> None:
    play(tmp_path, WELL)

    async def scene() -> None:
        async with daemon(tmp_path, FullDisk()) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert found.state is PromotionState.REFUSED
            assert "No space left on device" in found.why

    asyncio.run(scene())
    assert not (tmp_path / "root" / RECORDS / "prod" / NAME).exists()


def test_an_order_that_nobody_takes_up_is_taken_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with daemon(tmp_path, launch=tmp_path / "nothing") as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert found.state is PromotionState.REFUSED
            assert found.why.startswith("root did not take it up: tail ")

    asyncio.run(scene())
    assert not list((tmp_path / "root" / REQUESTS / "prod").iterdir())


def test_what_root_says_and_can_write_down_nowhere_is_told(tmp_path: Path) -> None:
    why = "cannot promote in prod: No space left on device"
    full = tmp_path / "full"
    full.write_text(f"import sys; sys.exit('pm-runner: {why}')\n")

    async def scene() -> None:
        async with daemon(tmp_path, launch=full) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert found.why.startswith(f"root did not take it up: {why}: tail ")

    asyncio.run(scene())


def test_why_root_fell_silent_is_told_with_what_helps(tmp_path: Path) -> None:
    play(tmp_path, "begun\nsigned\ndie no space\n")

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            await moving.until(lambda _: moving.promotions.stuck)
            said = "root fell silent after it was signed: no space: pmrunnerctl promote --resume"
            assert moving.promotions.stuck == {NAME: said}

    asyncio.run(scene())


def test_what_is_refused_nobody_can_take_up_any_more(tmp_path: Path) -> None:
    lives: list[Moving] = []
    seen: list[PromotionState] = []

    class Watched(Disk):
        def remove(self, path: Path) -> None:
            if path.name == "prod.json" and path.exists():
                seen.append(lives[0].store.ahead.promotion(NAME).state)
            super().remove(path)

    async def scene() -> None:
        async with daemon(tmp_path, Watched(), launch=tmp_path / "nothing") as moving:
            lives.append(moving)
            await moving.store.commit(*BEFORE, ASKED)
            await moving.over()
            assert seen == [PromotionState.REQUESTED], "taken back before it is said"

    asyncio.run(scene())


def test_root_that_falls_silent_is_started_again_and_then_a_person_has_to(
    tmp_path: Path,
) -> None:
    play(tmp_path, "begun\nsigned\ndie\n")

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            await moving.until(lambda _: moving.promotions.stuck)
            assert moving.promotions.stuck == {
                NAME: "root fell silent after it was signed: pmrunnerctl promote --resume"
            }
            play(tmp_path, WELL)
            await moving.promotions.go_on(moving.promotion)
            assert (await moving.over()).state is PromotionState.CONFIRMED
            assert moving.promotions.stuck == {}

    asyncio.run(scene())


@pytest.mark.parametrize("state", ["confirmed", "returned"])
def test_where_root_is_gone_its_trial_says_how_it_ended(tmp_path: Path, state: str) -> None:
    play(tmp_path, "begun\nopened\nrestarted\ndie\n")
    place = tmp_path / "root" / RECORDS / "prod"
    place.mkdir(parents=True)
    trial = {"id": NAME, "state": state, "candidate": "a", "previous": "b", "why": "it hung"}
    (place / "trial.json").write_text(json.dumps(trial))

    async def scene() -> None:
        async with daemon(tmp_path) as moving:
            await moving.store.commit(*BEFORE, ASKED)
            found = await moving.over()
            assert (found.state.lower(), found.why) == (state, "it hung")

    asyncio.run(scene())


async def recorded(tmp_path: Path) -> None:
    """Record that somebody asked, as a daemon does that is killed right after."""
    store = Store(tmp_path / "state", Clock().now, release="0.1.0")
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(store.run())
            await store.commit(*BEFORE, ASKED)
            running.cancel()
    finally:
        store.close()

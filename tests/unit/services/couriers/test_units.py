import asyncio
import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.couriers.units import Units
from tests.fakes import units
from tests.fakes.receiver import Receiver
from tests.unit.notify.orders import order

# So many that each, which costs a question to the manager, is not answered soon.
MOST_KNOCKS = 400


def couriers(tmp_path: Path) -> Units:
    """Return what has orders carried out by units, in a short directory: a socket's name has an end."""
    place = tmp_path / "o"
    place.mkdir()
    path = units.install(tmp_path / "bin", tmp_path / "manager", place)
    return Units("test", place=place, path=path)


def asked(tmp_path: Path) -> list[str]:
    return [line.split()[0] for line in (tmp_path / "manager/asked").read_text().splitlines()]


def test_an_order_goes_to_a_unit_of_its_own_name(tmp_path: Path) -> None:
    with Receiver() as receiver:
        word = asyncio.run(couriers(tmp_path).carry(order(receiver.url)))
        assert receiver.taken[0][1]["id"] == "n1"
    assert word.delivered
    assert asked(tmp_path) == ["start", "show"]
    assert list((tmp_path / "o").iterdir()) == []


def test_who_knocks_and_is_not_the_unit_is_told_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []

    def orders() -> list[Path]:
        return list((tmp_path / "o").iterdir())

    async def knock() -> None:
        loop = asyncio.get_running_loop()
        while not (found := orders()):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)
        with socket.socket(socket.AF_UNIX) as line:
            line.setblocking(False)
            while True:
                with contextlib.suppress(ConnectionRefusedError):  # bound, and not listening yet
                    await loop.sock_connect(line, str(found[0]))
                    break
            with contextlib.suppress(ConnectionResetError):
                heard.append(await loop.sock_recv(line, 1 << 16))

    async def scenario(receiver: Receiver) -> None:
        courier = couriers(tmp_path)
        async with asyncio.TaskGroup() as group:
            group.create_task(knock())
            word = await courier.carry(order(receiver.url))
        assert word.delivered

    with Receiver() as receiver:
        asyncio.run(scenario(receiver))
    assert heard == [b""]
    assert asked(tmp_path) == ["start", "show", "show"]


def test_where_the_rule_does_not_allow_it_that_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    courier = couriers(tmp_path)
    (tmp_path / "manager/denied").touch()
    with pytest.raises(Unavailable, match=r"cannot start pm-runner-notify@test-\w+\.service"):
        asyncio.run(courier.carry(order("http://127.0.0.1:1/")))
    assert list((tmp_path / "o").iterdir()) == []


def test_one_that_does_not_come_for_its_order_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmrunnerd.services.couriers.units.BEGIN", 0.3)
    courier = couriers(tmp_path)
    (tmp_path / "bin/systemctl").write_text(
        f'#!/bin/sh\necho "$3" "$4" "$5" >> {tmp_path}/manager/asked\n'
    )
    with pytest.raises(Unavailable, match="did not come for its order") as told:
        asyncio.run(courier.carry(order("http://127.0.0.1:1/")))
    assert (told.value.hint or "").startswith("journalctl -u pm-runner-notify@test-")
    words = (tmp_path / "manager/asked").read_text()
    assert words.startswith("start")
    assert "\nstop pm-runner-notify@test-" in words


def test_who_knocks_without_an_end_holds_up_nobody_for_longer_than_one_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmrunnerd.services.couriers.units.BEGIN", 0.3)
    courier = couriers(tmp_path)
    (tmp_path / "bin/systemctl").write_text("#!/bin/sh\n")
    lines: list[socket.socket] = []

    def knock() -> None:
        place = tmp_path / "o"
        while not (found := list(place.iterdir())):
            pass
        with contextlib.suppress(FileNotFoundError):
            while len(lines) < MOST_KNOCKS:
                lines.append(socket.socket(socket.AF_UNIX))
                with contextlib.suppress(ConnectionRefusedError):  # bound, and not listening yet
                    lines[-1].connect(str(found[0]))

    with ThreadPoolExecutor(1) as other:
        knocking = other.submit(knock)
        with pytest.raises(Unavailable, match="did not come for its order"):
            asyncio.run(courier.carry(order("http://127.0.0.1:1/")))
        knocking.result()
    for line in lines:
        line.close()
    assert len(lines) < MOST_KNOCKS, "until the last of them nobody looked at the clock"


def test_where_nobody_made_the_place_of_orders_that_is_an_error_and_nothing_is_started(
    tmp_path: Path,
) -> None:
    courier = couriers(tmp_path)
    (tmp_path / "o").rmdir()
    with pytest.raises(FileNotFoundError):
        asyncio.run(courier.carry(order("http://127.0.0.1:1/")))
    assert not (tmp_path / "manager/asked").exists()

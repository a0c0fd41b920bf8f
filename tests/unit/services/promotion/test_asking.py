import asyncio
import errno
import fcntl
import os
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.promotion import RECORDS, REQUESTS, Deed, Order
from pmrunnerd.services.promotion.asking import LOCK, Detached, Orders, Units
from pmrunnerd.services.systemctl import Systemctl
from pmrunnerd.store.durable import Disk
from tests.fakes import units

ORDER = Order(id="x1-4f2a", deed=Deed.TRY, environment="dev", release="1-a", by="anna", asked=1700)


def test_an_order_is_whole_and_its_owner_s_alone_and_the_latest_takes_its_place(
    tmp_path: Path,
) -> None:
    orders = Orders(tmp_path)
    orders.withdraw("dev")
    orders.write(ORDER)
    orders.write(msgspec.structs.replace(ORDER, id="x2-4f2a"))

    (only,) = (tmp_path / REQUESTS / "prod").iterdir()
    assert (only.name, only.stat().st_mode & 0o777) == ("dev.json", 0o600)
    assert msgspec.json.decode(only.read_bytes(), type=Order).id == "x2-4f2a"
    orders.withdraw("dev")
    assert not only.exists()


class FullDisk(Disk):
    def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
        del file, data, offset
        raise OSError(errno.ENOSPC, "No space left on device")


def test_on_a_full_disk_the_order_before_stays_whole(tmp_path: Path) -> None:
    Orders(tmp_path).write(ORDER)

    with pytest.raises(OSError, match="No space left"):
        Orders(tmp_path, FullDisk()).write(msgspec.structs.replace(ORDER, id="x2-4f2a"))

    (only,) = (tmp_path / REQUESTS / "prod").iterdir()
    assert msgspec.json.decode(only.read_bytes(), type=Order) == ORDER


def test_the_unit_is_asked_for_by_its_exact_name(tmp_path: Path) -> None:
    manager = tmp_path / "manager"
    root = Units(Systemctl(units.install(tmp_path / "bin", manager, tmp_path / "runs")))
    assert not root.is_at_work("dev")
    (manager / "pm-runner-promote@dev.service.job").touch()
    assert root.is_at_work("dev")
    assert root.log("dev") == "journalctl -n 30 -u pm-runner-promote@dev.service"

    assert root.said("dev") == ""
    (manager / "pm-runner-promote@dev.service.said").write_text("cannot promote in dev: no room")
    assert root.said("dev") == "cannot promote in dev: no room"

    (manager / "denied").touch()
    with pytest.raises(Unavailable, match=r"cannot start pm-runner-promote@dev\.service"):
        asyncio.run(root.start("dev"))


def test_without_a_manager_it_is_the_launcher_and_its_lock_says_whether_it_is_at_work(
    tmp_path: Path,
) -> None:
    launch = tmp_path / "launch"
    launch.write_text("import sys; open(sys.argv[2] + '/said', 'x').write(' '.join(sys.argv[1:]))")
    root = Detached(lambda: launch, tmp_path)
    assert not root.is_at_work("prod")

    asyncio.run(root.start("prod"))

    while not (tmp_path / "said").exists() or not (tmp_path / "said").read_text():
        os.sched_yield()
    assert (tmp_path / "said").read_text() == f"--root {tmp_path} promote prod"
    file = os.open(tmp_path / RECORDS / "prod" / LOCK, os.O_RDWR | os.O_CREAT)
    assert not root.is_at_work("prod")
    fcntl.flock(file, fcntl.LOCK_EX)
    assert root.is_at_work("prod")
    os.close(file)
    assert root.log("prod").endswith("promoting.log")


def test_without_a_manager_the_last_sentence_is_known_of_the_one_that_was_started(
    tmp_path: Path,
) -> None:
    launch = tmp_path / "launch"
    root = Detached(lambda: launch, tmp_path)
    file = tmp_path / RECORDS / "prod/promoting.log"
    file.parent.mkdir(parents=True)
    file.write_text("pm-runner: of an earlier one\n")
    assert root.said("prod") == ""
    launch.write_text("print('x' * 9000 + '\\npm-runner: a\\n<3>pm-runner: no room\\n  hint: df')")

    asyncio.run(root.start("prod"))

    while "hint: df\n" not in file.read_text():
        assert root.said("prod") in {"", "a", "no room"}
    assert root.said("prod") == "no room"

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.promotion import Ending, Order, Step, Stepped
from pmrunnerd.promoting import main, promote
from pmrunnerd.services.promotion import orders
from pmrunnerd.services.promotion.records import Record, Records
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk
from tests.unit.services.promotion.test_orders import ORDER

LAUNCHER = ["--launcher", "/nowhere/launch"]


@pytest.fixture
def records(tmp_path: Path) -> Records:
    found = Records(tmp_path, "prod", Disk())
    found.place.mkdir(parents=True)
    return found


def asked(records: Records, order: Order = ORDER) -> tuple[Ending, list[str]]:
    carried = []
    shelf = Shelf(records.place.parents[4], "prod")

    async def carry(record: Record) -> Ending:
        carried.append(record.order.id)
        record.note(Stepped(step=Step.RETURNED, at=1.0))
        return Ending.RETURNED

    return asyncio.run(promote(records, shelf, lambda: records.of(order), carry)), carried


def test_what_was_cut_off_comes_first_and_the_end_of_what_is_asked_is_told(
    records: Records,
) -> None:
    records.of(msgspec.structs.replace(ORDER, id="p0")).note(Stepped(step=Step.BEGUN, at=1.0))
    assert asked(records) == (Ending.RETURNED, ["p0", "p1"])


def test_what_has_ended_is_told_again_and_not_done_again(records: Records) -> None:
    asked(records)
    assert asked(records) == (Ending.RETURNED, [])


def test_who_comes_second_is_told_that_somebody_promotes(
    tmp_path: Path, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    with records.alone():
        assert main(["prod", "--root", str(tmp_path), *LAUNCHER]) == Ending.BUSY


def test_where_nobody_asked_nothing_is_done(tmp_path: Path, records: Records) -> None:
    assert main(["prod", "--root", str(tmp_path), *LAUNCHER]) == Ending.REFUSED
    assert not [path for path in records.place.iterdir() if path.is_dir()]


def test_an_environment_without_records_is_no_promotion_and_the_manager_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert main(["prod", "--root", str(tmp_path), *LAUNCHER]) == 1
        said = manager.recv(4096).decode()
    assert said.startswith("STATUS=cannot promote in prod: no such file or directory: ")


def test_records_that_cannot_be_tidied_are_no_reason_to_fail(records: Records) -> None:
    (records.place / "zzz").mkdir()
    (records.place / "zzz/steps.jsonl").mkdir()
    assert asked(records)[0] is Ending.RETURNED


def test_what_is_asked_and_cannot_be_is_refused(tmp_path: Path, records: Records) -> None:
    place = orders.place(tmp_path, "prod")
    place.parent.mkdir(parents=True)
    place.symlink_to("/etc/passwd")
    assert main(["prod", "--root", str(tmp_path), *LAUNCHER]) != 0
    place.unlink()
    place.write_text("{}")
    assert main(["prod", "--root", str(tmp_path), *LAUNCHER]) == Ending.REFUSED


def test_what_is_no_environment_is_not_looked_at() -> None:
    with pytest.raises(SystemExit):
        main(["../prod", *LAUNCHER])

import os
from pathlib import Path

import pytest

from pmrunnerd.model.promotion import STEPS, Step, Stepped
from pmrunnerd.services.promotion.records import LOCK, ORDER, Busy, Records
from pmrunnerd.store.durable import Disk
from tests.unit.services.promotion.test_orders import ORDER as ASKED


@pytest.fixture
def records(tmp_path: Path) -> Records:
    found = Records(tmp_path, "prod", Disk())
    found.place.mkdir(parents=True)
    return found


def test_one_promotes_at_a_time_and_who_is_gone_holds_up_nobody(records: Records) -> None:
    with records.alone(), pytest.raises(Busy), records.alone():
        pass
    with records.alone():
        assert (records.place / LOCK).stat().st_mode & 0o777 == 0o600


def test_a_link_in_place_of_the_lock_is_not_followed(records: Records) -> None:
    (records.place / LOCK).symlink_to("elsewhere")
    with pytest.raises(OSError, match="levels of symbolic links"), records.alone():
        pass
    assert not (records.place / "elsewhere").exists()


def test_what_is_noted_everybody_may_read_and_what_is_asked_nobody(records: Records) -> None:
    before = os.umask(0o077)
    try:
        record = records.of(ASKED)
        record.note(Stepped(step=Step.BEGUN, at=1.0))
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in record.place.iterdir()}
    assert modes == {STEPS: 0o644, ORDER: 0o600}
    assert record.place.stat().st_mode & 0o777 == 0o755


def test_who_comes_next_finds_what_has_no_end_with_its_order_and_its_steps(
    records: Records,
) -> None:
    records.of(ASKED).note(Stepped(step=Step.BEGUN, at=1.0))
    (found,) = records.unfinished()
    assert (found.order, found.steps) == (ASKED, (Step.BEGUN,))
    found.note(Stepped(step=Step.REFUSED, at=2.0, why="no"))
    assert list(records.unfinished()) == []


def test_papers_go_and_steps_stay(records: Records) -> None:
    record = records.of(ASKED)
    record.note(Stepped(step=Step.REFUSED, at=2.0))
    (record.place / "gates.json").touch()
    record.forget_papers()
    assert [path.name for path in record.place.iterdir()] == [STEPS]
    again = records.of(ASKED)
    assert again.has_ended
    assert [path.name for path in record.place.iterdir()] == [STEPS]


def test_what_was_well_here_is_known_by_the_steps(records: Records) -> None:
    record = records.of(ASKED)
    for step, release in ((Step.OPENED, "1-a"), (Step.SWITCHED, ""), (Step.CONFIRMED, "2-b")):
        record.note(Stepped(step=step, at=1.0, release=release))
    (records.place / "gates").mkdir()
    assert records.proven() == {"1-a", "2-b"}

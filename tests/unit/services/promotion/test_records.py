import os
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.model.promotion import STEPS, Step, Stepped
from pmrunnerd.rules.promotion.promotions import KEPT
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


def test_a_record_that_cannot_be_read_is_said_with_its_name_and_speaks_for_no_release(
    records: Records,
) -> None:
    place = records.of(ASKED).place
    (place / STEPS).write_bytes(b'{"step":"begun","at":1.0}\n{"step":"beg')
    with pytest.raises(Unavailable, match="what was written down of p1 cannot be read") as said:
        list(records.unfinished())
    assert str(place) in str(said.value.hint)
    assert records.proven() == frozenset()
    records.tidy((), "")
    assert place.is_dir(), "nobody knows what it says"


def over(records: Records, count: int) -> None:
    """Write so many down that are over; by the first of them release 1-a was well."""
    for number in range(1, count + 1):
        record = records.of(msgspec.structs.replace(ASKED, id=f"p{number}"))
        well = "1-a" if number == 1 else ""
        record.note(Stepped(step=Step.REFUSED, at=float(number), why="no", release=well))


def names(records: Records) -> set[str]:
    return {path.name for path in records.place.iterdir()}


def test_of_many_the_latest_stay_and_what_proves_a_release_that_is_here(records: Records) -> None:
    over(records, KEPT + 3)
    (records.place / "gates").mkdir()
    (records.place / LOCK).touch()
    latest = {f"p{number}" for number in range(4, KEPT + 4)} | {"gates", LOCK}

    records.tidy({"1-a"}, "p2")
    assert names(records) == latest | {"p1", "p2"}
    assert records.proven() == {"1-a"}
    records.tidy((), "")
    assert names(records) == latest


def test_one_that_somebody_will_go_on_with_loses_nothing_however_many_came_after(
    records: Records,
) -> None:
    records.of(msgspec.structs.replace(ASKED, id="begun")).note(Stepped(step=Step.BEGUN, at=0.0))
    over(records, KEPT + 1)
    records.tidy((), "")
    (found,) = records.unfinished()
    assert found.order.id == "begun"


def test_papers_that_somebody_left_who_was_cut_off_go(records: Records) -> None:
    over(records, 1)
    (records.place / "p1/.evidence.md.new").touch()
    records.tidy((), "")
    assert [path.name for path in (records.place / "p1").iterdir()] == [STEPS]


class Killed(BaseException):
    """The process is gone."""


class Removing(Disk):
    """A disk on which one of the removals is the last thing that somebody does."""

    def __init__(self, at: int) -> None:
        self._left = at

    def remove(self, path: Path) -> None:
        self._strike()
        super().remove(path)

    def remove_directory(self, path: Path) -> None:
        self._strike()
        super().remove_directory(path)

    def _strike(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


@pytest.mark.parametrize("at", [0, KEPT + 1, KEPT + 2])
def test_killed_while_it_deletes_one_the_next_one_deletes_the_rest_and_begins_nothing_anew(
    records: Records, at: int
) -> None:
    over(records, KEPT + 1)
    with pytest.raises(Killed):
        Records(records.place.parents[4], "prod", Removing(at)).tidy((), "")
    assert list(records.unfinished()) == []
    records.tidy((), "")
    assert "p1" not in names(records)

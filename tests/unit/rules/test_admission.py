from pmrunnerd.model import events as ev
from pmrunnerd.rules.admission import Least, Room, drains, on_trial, shortage
from tests.unit.rules.life import a_plan, happen

MIB = 1 << 20
LEAST = Least(memory=512 * MIB, disk=100 * MIB)


def room(memory: int | None = 9999, disk: int | None = 9999) -> Room:
    """Return room in MiB."""
    return Room(
        memory=None if memory is None else memory * MIB, disk=None if disk is None else disk * MIB
    )


def test_a_run_needs_its_memory_and_the_reason_names_the_setting() -> None:
    assert shortage(room(memory=512), LEAST, young=0) == ""
    assert shortage(room(memory=511), LEAST, young=0) == (
        "511 MiB of memory are free, and a run begins with 512 MiB (runs.memory)"
    )


def test_much_room_is_told_in_what_people_reckon_in() -> None:
    least = Least(memory=1 << 40, disk=0)
    assert shortage(room(memory=74471), least, young=0) == (
        "72.7 GiB of memory are free, and a run begins with 1 TiB (runs.memory)"
    )


def test_what_young_runs_have_not_taken_yet_is_theirs() -> None:
    assert shortage(room(memory=1024), LEAST, young=1) == ""
    assert shortage(room(memory=1023), LEAST, young=1) == (
        "1023 MiB of memory are free, 512 MiB of them promised,"
        " and a run begins with 512 MiB (runs.memory)"
    )


def test_the_reserve_of_the_disk_is_left_alone() -> None:
    assert shortage(room(disk=100), LEAST, young=0) == ""
    assert shortage(room(disk=99), LEAST, young=0) == (
        "the disk of the state has 99 MiB free, and 100 MiB are kept (disk.reserve)"
    )


def test_a_full_disk_keeps_runs_from_beginning_whatever_is_to_be_kept_of_it() -> None:
    least = Least(memory=0, disk=0, floor=MIB, inodes=100)
    assert shortage(room(disk=1), least, young=0) == ""
    assert shortage(room(disk=0), least, young=0) == "the disk of the state is full: 0 bytes free"
    crowded = Room(memory=None, disk=9999 * MIB, inodes=99)
    assert shortage(crowded, least, young=0) == "the disk of the state is full: 99 inodes free"


def test_what_is_not_known_or_not_asked_for_keeps_nothing_from_beginning() -> None:
    assert shortage(room(memory=None, disk=None), LEAST, young=5) == ""
    assert shortage(room(memory=0, disk=0), Least(memory=0, disk=0), young=5) == ""


def test_a_drain_says_who_wanted_it_and_how_it_ends() -> None:
    state = a_plan()
    assert drains(state) == ""
    happen(state, ev.Drained(by="anna"))
    assert drains(state) == "the daemon drains, as anna asked: pmrunnerctl drain --end"
    happen(state, ev.DrainEnded(by="ben"))
    assert drains(state) == ""


def test_no_run_begins_while_a_release_has_to_prove_itself() -> None:
    assert on_trial("") == ""
    assert on_trial("1.1-b") == "release 1.1-b is on trial: pmrunnerctl promotion list"

import os
import resource
import threading
from pathlib import Path

import pytest

from pmrunnerd.model.errand import Footprint
from pmrunnerd.services import disposal, footprint
from tests.unit.services.parts import descriptors

MIB = 1 << 20


def a_run(path: Path, size: int = MIB) -> Path:
    path.mkdir(parents=True)
    (path / "events.jsonl").write_bytes(b"x" * size)
    return path


def measured(directory: Path) -> Footprint:
    (found,) = footprint.look(directory).measured
    return found


def test_a_run_is_as_large_as_it_is_on_the_disk(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    (run / "agent/home").mkdir(parents=True)
    (run / "agent/note").write_bytes(b"x" * MIB)
    with (run / "hole").open("wb") as file:
        file.truncate(100 * MIB)

    assert 2 * MIB <= measured(tmp_path).size < 2 * MIB + 64 * 1024


def test_the_last_change_of_anything_counts(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    (run / "agent").mkdir()
    (run / "agent/note").touch()
    for path in (run / "agent/note", run / "events.jsonl", run / "agent", run):
        os.utime(path, (0, 1000))
    os.utime(run / "agent/note", (0, 2000.5))

    assert measured(tmp_path).changed == 2000.5


def test_what_a_link_leads_to_is_not_the_run_s(tmp_path: Path) -> None:
    victim = a_run(tmp_path / "victim", 8 * MIB)
    run = a_run(tmp_path / "runs/r1")
    os.utime(run / "events.jsonl", (0, 1000))
    (run / "link").symlink_to(victim)
    (tmp_path / "runs/r2").symlink_to(victim)
    os.utime(run / "link", (0, 1000), follow_symlinks=False)
    os.utime(run, (0, 1000))
    found = footprint.look(tmp_path / "runs")

    assert [one.run for one in found.measured] == ["r1"]
    assert found.measured[0].size < 2 * MIB
    assert found.measured[0].changed == 1000
    assert found.others == ("r2",)
    # A directory in its place is looked into.
    (run / "link").unlink()
    victim.rename(run / "link")
    assert measured(tmp_path / "runs").size > 8 * MIB


def test_a_file_of_many_names_counts_once(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    for number in range(20):
        os.link(run / "events.jsonl", run / f"again-{number}")

    assert measured(tmp_path).size < 2 * MIB


def test_what_is_no_directory_is_named_and_never_measured(tmp_path: Path) -> None:
    a_run(tmp_path / "r1")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")

    found = footprint.look(tmp_path)
    assert found.others == ("file", "pipe")
    assert [one.run for one in found.measured] == ["r1"]


def test_a_tree_deeper_than_any_path_is_measured_with_few_files_open(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    here = os.open(run, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=here)
        there = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    file = os.open("bulk", os.O_WRONLY | os.O_CREAT, dir_fd=here)
    os.write(file, b"x" * 4 * MIB)
    os.close(file)
    os.close(here)
    before = descriptors()

    assert measured(tmp_path).size >= 5 * MIB
    assert descriptors() == before
    # Nobody else could delete it.
    assert disposal.empty(tmp_path, "r1")


def test_directories_beside_each_other_are_all_measured(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1", 0)
    for number in range(4):
        a_run(run / f"{number}/below/further")

    assert measured(tmp_path).size >= 4 * MIB


def test_what_vanishes_meanwhile_is_gone_and_nothing_worse(tmp_path: Path) -> None:
    def churn() -> None:
        while not done.is_set():
            made = a_run(tmp_path / "r1/more/even", 10)
            (made / "events.jsonl").unlink()
            made.rmdir()
            made.parent.rmdir()

    a_run(tmp_path / "r1")
    done = threading.Event()
    other = threading.Thread(target=churn)
    other.start()
    try:
        for _ in range(500):
            assert measured(tmp_path).size >= MIB
    finally:
        done.set()
        other.join()


def test_those_that_are_known_are_skipped_and_named(tmp_path: Path) -> None:
    a_run(tmp_path / "r1")
    a_run(tmp_path / "r2")

    found = footprint.look(tmp_path, skip={"r1", "r9"})
    assert [one.run for one in found.measured] == ["r2"]
    assert found.skipped == ("r1",)


def test_it_ends_when_there_was_enough(tmp_path: Path) -> None:
    a_run(tmp_path / "r1")

    assert footprint.look(tmp_path, enough=lambda: True).measured == ()


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        footprint.look(tmp_path / "runs")


def test_no_descriptor_left_is_an_error_and_says_nothing_of_the_files(tmp_path: Path) -> None:
    a_run(tmp_path / "r1/below")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = len(descriptors())
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, limit[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            footprint.look(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def test_what_was_not_measured_to_its_end_is_not_told(tmp_path: Path) -> None:
    for number in range(3):
        a_run(tmp_path / f"r{number}/below")
    answers = iter([False] * 5)

    found = footprint.look(tmp_path, enough=lambda: next(answers, True))
    assert found.measured == ()

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.services import disposal
from tests.unit.services.parts import descriptors, needs_root

NOBODY = 65534
PRIVATE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
# What is mounted is seen by this process alone, and is gone with it.
DISPOSE = """
import subprocess, sys
from pathlib import Path
from pmrunnerd.services import disposal
subprocess.run(["mount", *sys.argv[2:]], check=True)
try:
    disposal.empty(Path(sys.argv[1]), "r1")
except OSError as exc:
    print(exc.strerror)
"""


def a_run(path: Path) -> Path:
    (path / "agent/home/deep").mkdir(parents=True)
    (path / "events.jsonl").write_text("{}\n")
    (path / "agent/home/deep/file").write_text("x")
    return path


def test_a_run_is_emptied_and_then_gone(tmp_path: Path) -> None:
    run, other = a_run(tmp_path / "r1"), a_run(tmp_path / "r2")

    assert disposal.empty(tmp_path, "r1")
    assert list(run.iterdir()) == []
    disposal.remove(tmp_path, "r1")
    assert not run.exists()
    assert (other / "agent/home/deep/file").exists()


def test_done_twice_is_once(tmp_path: Path) -> None:
    a_run(tmp_path / "r1")
    for _ in range(2):
        assert disposal.empty(tmp_path, "r1")
    for _ in range(2):
        disposal.remove(tmp_path, "r1")
    assert disposal.empty(tmp_path, "r1")


@pytest.mark.parametrize("where", [".", "agent", "agent/home/deep"])
def test_what_a_link_leads_to_survives_and_what_is_a_directory_does_not(
    tmp_path: Path, where: str
) -> None:
    victim, run = a_run(tmp_path / "victim"), a_run(tmp_path / "runs/r1")
    (run / where / "link").symlink_to(victim)
    (run / where / "file-link").symlink_to(victim / "events.jsonl")

    assert disposal.empty(tmp_path / "runs", "r1")
    assert (victim / "agent/home/deep/file").read_text() == "x"
    # Moved in the link's place, the same directory goes.
    a_run(run)
    victim.rename(run / where / "link")
    assert disposal.empty(tmp_path / "runs", "r1")
    assert list(run.iterdir()) == []


def test_a_run_s_directory_that_is_a_link_is_refused_and_nothing_goes(tmp_path: Path) -> None:
    victim = a_run(tmp_path / "victim")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/r1").symlink_to(victim)
    victim.chmod(0o500)

    with pytest.raises(NotADirectoryError):
        disposal.empty(tmp_path / "runs", "r1")
    with pytest.raises(OSError, match="r1"):
        disposal.remove(tmp_path / "runs", "r1")
    assert (victim / "events.jsonl").exists()
    assert victim.stat().st_mode & 0o777 == 0o500, "nor are its rights changed"
    victim.chmod(0o700)


def test_what_is_not_empty_is_never_removed(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")

    with pytest.raises(OSError, match="r1"):
        disposal.remove(tmp_path, "r1")
    assert (run / "events.jsonl").exists()


def test_a_tree_deeper_than_any_path_goes_with_few_files_open(tmp_path: Path) -> None:
    here = os.open(a_run(tmp_path / "r1"), os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=here)
        there = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)
    before = descriptors()

    assert disposal.empty(tmp_path, "r1")
    assert descriptors() == before
    assert list((tmp_path / "r1").iterdir()) == []


def test_a_wide_tree_and_odd_names_go(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    for number in range(500):
        (run / f"agent/{number}").mkdir()
        (run / f"agent/{number}/-rf \n *").touch()
    os.mkfifo(run / "pipe")
    (run / os.fsdecode(b"\xff\xfe")).touch()

    assert disposal.empty(tmp_path, "r1")
    assert list(run.iterdir()) == []


def test_directories_whose_rights_were_taken_away_go(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    for path in (run / "agent/home/deep", run / "agent/home", run / "agent", run):
        path.chmod(0o000)

    assert disposal.empty(tmp_path, "r1")
    disposal.remove(tmp_path, "r1")
    assert not run.exists()


@needs_root
def test_nor_does_somebody_who_is_not_root_need_rights_that_were_taken_away(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    for path in (tmp_path, run, *run.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for path in (run / "agent/home/deep", run / "agent/home", run / "agent", run):
        path.chmod(0o000)
    child = os.fork()
    if child == 0:  # in here, where nobody is above it that may not be read
        try:
            os.chdir(tmp_path)
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os._exit(0 if disposal.empty(Path(), "r1") else 1)
        finally:
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(run.iterdir()) == []


def test_a_stop_in_the_middle_leaves_the_rest_for_another_time(tmp_path: Path) -> None:
    run = a_run(tmp_path / "r1")
    answers = iter([False, True])

    assert not disposal.empty(tmp_path, "r1", enough=lambda: next(answers))
    assert list(run.iterdir()) != []
    assert disposal.empty(tmp_path, "r1")
    assert list(run.iterdir()) == []


def emptied(runs: Path, *mount: str) -> str:
    """Empty run `r1` where something is mounted; return what was said."""
    may = [*PRIVATE, "mount", "-t", "tmpfs", "none", str(runs)]
    if shutil.which("unshare") is None or subprocess.run(may, check=False).returncode:
        pytest.skip("a private mount namespace is not allowed here")
    argv = [*PRIVATE, sys.executable, "-c", DISPOSE, str(runs), *mount]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("where", [".", "agent", "agent/home/deep"])
def test_a_part_of_this_disk_that_is_mounted_in_a_run_stays_as_it_is_and_all_else_goes(
    tmp_path: Path, where: str
) -> None:
    victim, run = a_run(tmp_path / "victim"), a_run(tmp_path / "runs/r1")
    (run / where / "mounted").mkdir()
    (run / where / "more/deep").mkdir(parents=True)

    said = emptied(tmp_path / "runs", "--bind", str(victim), str(run / where / "mounted"))
    assert said.startswith(f"something is mounted at {run}/")
    assert (victim / "agent/home/deep/file").read_text() == "x"
    left = [path for path in run.rglob("*") if path.name != "mounted"]
    assert all(path.is_dir() for path in left)
    assert len(left) == (where != "."), "but for what it is mounted in"
    assert disposal.empty(tmp_path / "runs", "r1"), "where nothing is mounted, the rest goes"


def test_nor_goes_another_disk_or_what_is_mounted_in_the_place_of_a_run(tmp_path: Path) -> None:
    victim, run = a_run(tmp_path / "victim"), a_run(tmp_path / "runs/r1")

    disk = emptied(tmp_path / "runs", "-t", "tmpfs", "none", str(run / "agent"))
    assert disk == f"something is mounted at {run}/agent"
    assert list(run.iterdir()) == [run / "agent"]
    part = emptied(tmp_path / "runs", "--bind", str(victim), str(run))
    assert part == f"something is mounted at {run}"
    assert (victim / "agent/home/deep/file").exists()


def test_nor_does_a_file_that_is_mounted(tmp_path: Path) -> None:
    victim, run = a_run(tmp_path / "victim"), a_run(tmp_path / "runs/r1")

    said = emptied(
        *(tmp_path / "runs", "--bind"),
        *(str(victim / "events.jsonl"), str(run / "agent/home/deep/file")),
    )
    assert said == "Device or resource busy"
    assert (victim / "events.jsonl").read_text() == "{}\n"
    assert not (run / "events.jsonl").exists()

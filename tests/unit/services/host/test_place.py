from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused, Unavailable
from pmrunnerd.services.host.place import keep
from pmrunnerd.store.durable import Disk

AT = "2026-11-24T12:30:00.123Z"
ASIDE = "set-aside/20261124T123000.123Z-before-restore"


def _state(tmp_path: Path) -> tuple[Path, Path]:
    state, elsewhere = tmp_path / "state", tmp_path / "runs"
    state.mkdir()
    elsewhere.mkdir()
    return state, elsewhere


def _run(runs: Path, name: str) -> Path:
    run = runs / name
    (run / "agent").mkdir(parents=True, mode=0o700)
    for path in ("spec.json", "events.jsonl", "agent/session"):
        (run / path).write_text(f"{name} {path}\n")
        (run / path).chmod(0o600)
    return run


def _everything(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def test_a_place_that_is_not_there_is_told_with_what_makes_it(tmp_path: Path) -> None:
    state, elsewhere = _state(tmp_path)
    elsewhere.rmdir()

    with pytest.raises(Unavailable, match=f"cannot keep runs in {elsewhere}") as error:
        keep(Disk(), state, elsewhere, AT)
    assert error.value.hint == "systemd-tmpfiles --create pm-runner.conf"
    assert _everything(state) == set()


def test_runs_that_lie_in_a_third_place_are_not_left_behind(tmp_path: Path) -> None:
    state, elsewhere = _state(tmp_path)
    (state / "runs").symlink_to(tmp_path / "third")

    with pytest.raises(Refused, match="those of this state lie in"):
        keep(Disk(), state, elsewhere, AT)


def test_without_another_place_they_lie_in_the_state(tmp_path: Path) -> None:
    state, _ = _state(tmp_path)

    assert keep(Disk(), state, None, AT) == keep(Disk(), state, None, AT) == state / "runs"
    assert (state / "runs").stat().st_mode & 0o777 == 0o700


def test_elsewhere_they_are_found_by_a_link_and_twice_is_once(tmp_path: Path) -> None:
    state, elsewhere = _state(tmp_path)

    for _ in range(2):
        assert keep(Disk(), state, elsewhere, AT) == elsewhere
        assert (state / "runs").readlink() == elsewhere
    assert keep(Disk(), state, None, AT) == state / "runs"


def test_a_restore_has_its_runs_taken_over_and_those_before_moved_aside(tmp_path: Path) -> None:
    state, elsewhere = _state(tmp_path)
    keep(Disk(), state, elsewhere, AT)
    _run(elsewhere, "r1-old")
    # What a restore does: the link goes aside, a directory comes.
    before = state / "set-aside" / "before"
    before.mkdir(parents=True)
    (state / "runs").rename(before / "runs")
    _run(state / "runs", "r2-new")

    for _ in range(2):
        keep(Disk(), state, elsewhere, AT)

    new = elsewhere / "r2-new"
    assert (new / "agent" / "session").read_text() == "r2-new agent/session\n"
    assert (new / "spec.json").stat().st_mode & 0o777 == 0o640
    assert (elsewhere / ASIDE / "r1-old" / "spec.json").exists()
    assert (before / "runs").readlink() == elsewhere / ASIDE
    assert (state / "runs").readlink() == elsewhere
    assert {path.name for path in state.iterdir()} == {"runs", "set-aside"}
    assert {path.name for path in elsewhere.iterdir()} == {"r2-new", "set-aside"}


def test_cut_anywhere_and_begun_anew_nothing_is_lost(tmp_path: Path) -> None:
    """Each write, rename and removal is the last one of a daemon, until one life gets through."""

    class Cut(Exception):
        pass

    class Cutting(Disk):
        left = 0

        def _one(self) -> None:
            if self.left == 0:
                raise Cut
            self.left -= 1

        def rename(self, old: Path, new: Path) -> None:
            self._one()
            super().rename(old, new)

        def create_directory(self, path: Path, mode: int) -> None:
            self._one()
            super().create_directory(path, mode)

        def write_at(self, file: int, data: bytes | memoryview, offset: int) -> int:
            self._one()
            return super().write_at(file, data, offset)

        def remove(self, path: Path) -> None:
            self._one()
            super().remove(path)

    cuts = 0
    while True:
        here = tmp_path / str(cuts)
        here.mkdir()
        state, elsewhere = _state(here)
        _run(elsewhere, "r1-old")
        _run(state / "runs", "r2-new")
        disk = Cutting()
        disk.left = cuts
        try:
            keep(disk, state, elsewhere, AT)
            break
        except Cut:
            cuts += 1
        keep(Disk(), state, elsewhere, AT)

        assert (state / "runs").readlink() == elsewhere
        assert _everything(elsewhere / "r2-new") == {
            "agent",
            "agent/session",
            "spec.json",
            "events.jsonl",
        }
        assert (elsewhere / "r2-new" / "spec.json").read_text() == "r2-new spec.json\n"
        assert list((elsewhere / "set-aside").rglob("r1-old/spec.json"))
        assert {path.name for path in state.iterdir()} <= {"runs"}
    assert cuts > 10

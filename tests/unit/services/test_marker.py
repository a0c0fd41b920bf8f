import os
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from pmrunnerd.services import marker
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.marker import NAME, Marker, Within
from pmrunnerd.store.durable import Disk
from tests.unit.services.parts import repository

NOTE = Marker(run="r1-4f2a", head="a" * 40, branch="feature/ü-1", since=12.5)


def test_a_note_comes_back_and_goes_away(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    assert marker.read(here) is None

    marker.write(here, NOTE)
    assert marker.read(here) == NOTE
    other = Marker(run="r2-4f2a", head="b" * 40, branch="main")
    marker.write(here, other)
    assert marker.read(here) == other

    marker.remove(here)
    marker.remove(here)
    assert marker.read(here) is None


def test_a_note_takes_the_place_of_another_and_leaves_nothing_else(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    marker.write(here, NOTE)
    restoring = replace(NOTE, restoring="refs/pm-runner/runs/r0-4f2a")

    marker.exchange(here, restoring)

    assert marker.read(here) == restoring
    assert [path.name for path in (here / ".git").glob("pm-runner*")] == [NAME]


class Watched(Disk):
    """Remembers what was made durable, and which note was there at that moment."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self.seen: list[tuple[str, Marker | None]] = []

    def sync(self, file: int) -> None:
        content = Path(f"/proc/self/fd/{file}").read_text()
        self.seen.append((content, marker.read(self._workspace)))

    def sync_directory(self, path: Path) -> None:
        assert path.samefile(self._workspace / ".git")
        self.seen.append(("its name", marker.read(self._workspace)))


def test_a_note_that_takes_the_place_of_another_is_durable_before_and_so_is_its_name_behind(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    marker.write(here, NOTE)
    restoring = replace(NOTE, restoring="refs/pm-runner/runs/r0-4f2a")
    disk = Watched(here)
    marker.exchange(here, restoring, disk)

    (content, before), named = disk.seen
    assert msgspec.json.decode(content, type=Marker) == restoring
    assert before == NOTE
    assert named == ("its name", restoring)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"new":' + "[" * 4000,
        '{"run":"r1-4f2a"}',
        '{"run":"../../x","head":"' + "a" * 40 + '","branch":"main"}',
        '{"run":"r1-4f2a","head":"--help","branch":"main"}',
        '{"run":"r1-4f2a","head":"' + "a" * 40 + '","branch":"-D"}',
        '{"run":"r1-4f2a","head":"' + "a" * 40 + '","branch":"a b"}',
        '{"run":"r1-4f2a","head":"' + "a" * 40 + '","branch":""}',
        *(
            '{"run":"r1-4f2a","head":"' + "a" * 40 + f'","branch":"{branch}"}}'
            for branch in ("../../config", "a/../../../../.env", "/etc/x", "a//b", "a.lock", "a\\n")
        ),
    ],
)
def test_a_note_that_we_could_not_have_written_is_none(tmp_path: Path, text: str) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / NAME).write_text(text)

    assert marker.read(here) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            {"path": path}
            for path in ("", ".", "/etc", "../x", "a/../../x", ".git", "a/.git", "a//b")
        ),
        *({"directory": name} for name in ("", "x", "modules", "modules/../x", "/modules/x")),
        {"branch": "-D"},
        {"branch": "../../config"},
        {"head": "HEAD"},
    ],
    ids=str,
)
def test_a_note_of_submodules_that_there_cannot_be_is_none(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    here = repository(tmp_path / "w")
    right = {"path": "a b/c", "directory": "modules/a b/c", "head": "a" * 40, "branch": "main"}
    for within in (Within(**right), Within(**right | {"branch": ""})):
        marker.write(here, replace(NOTE, submodules=(within,)))
        assert marker.read(here) == replace(NOTE, submodules=(within,))
    marker.write(here, replace(NOTE, submodules=(Within(**right | wrong),)))

    assert marker.read(here) is None


def test_a_directory_in_its_place_is_told_and_how_to_take_it_away(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / NAME / "x").mkdir(parents=True)
    with pytest.raises(GitFailed, match=f"it is a directory; rm -r {here}/.git/{NAME}"):
        marker.remove(here)
    with pytest.raises(GitFailed, match="it is a directory"):
        marker.write(here, NOTE)


@pytest.mark.parametrize("kind", ["fifo", "directory", "link", "huge"])
def test_whatever_an_agent_puts_in_its_place_is_no_note_and_does_not_hold_us_up(
    tmp_path: Path, kind: str
) -> None:
    here = repository(tmp_path / "w")
    path = here / ".git" / NAME
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "link":
            (tmp_path / "elsewhere").write_text('{"run":"r1-4f2a"}')
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            path.write_bytes(b" " * 10_000_000)

    assert marker.read(here) is None


def test_a_note_is_never_written_through_a_link(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".git" / NAME).symlink_to(tmp_path / "elsewhere")
    marker.write(here, NOTE)
    assert not (tmp_path / "elsewhere").exists()
    assert marker.read(here) == NOTE

    (here / ".git").rename(tmp_path / "moved")
    (here / ".git").symlink_to(tmp_path / "moved")
    with pytest.raises(OSError, match="Not a directory"):
        marker.write(here, NOTE)

import os
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import set_aside, swept


def test_of_packed_references_all_that_git_can_read_stays(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "branch", "side")
    git(here, "tag", "-a", "-m", "one", "one")
    git(here, "pack-refs", "--all")
    packed = here / ".git/packed-refs"
    assert swept(here)["lost"] == [], "it is in order"
    assert packed.read_text().startswith("# pack-refs with:")

    packed.write_bytes(packed.read_bytes() + b"junk\n" + b"a" * 40 + b" refs/heads/a..b\n")
    assert swept(here)["lost"] == ["packed-refs"]
    assert set_aside(here) == {"packed-refs"}
    assert git(here, "rev-parse", "side", "one^{commit}").split() == [head(here)] * 2
    assert "#" not in packed.read_text(), "it would say that all is in order, and sorted"


@pytest.mark.parametrize("name", ["packed-refs", "shallow"])
@pytest.mark.parametrize("kind", ["junk", "a link", "a pipe", "a directory"])
def test_what_holds_no_line_that_git_can_read_goes_aside(
    tmp_path: Path, name: str, kind: str
) -> None:
    here = repository(tmp_path / "w")
    path = here / ".git" / name
    match kind:
        case "junk":
            path.write_bytes(b"junk\0\n\n")
        case "a link":
            path.symlink_to("/etc/passwd")
        case "a pipe":
            os.mkfifo(path)
        case _:
            (path / "x").mkdir(parents=True)
    swept(here)

    assert not os.path.lexists(path)
    assert set_aside(here) == {name}
    assert head(here)


def test_a_shallow_history_of_good_lines_stays_and_one_beyond_all_measure_is_not_read(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    shallow = here / ".git/shallow"
    shallow.write_text(f"{head(here)}\n")
    assert swept(here)["lost"] == []
    assert shallow.exists()

    os.truncate(shallow, 1 << 27)
    assert swept(here)["lost"] == []

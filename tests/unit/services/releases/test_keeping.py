import os
import shutil
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Forbidden
from pmrunnerd.model.proof import Kept
from pmrunnerd.rules.shelving import kept
from pmrunnerd.services.releases import keeping
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.releases.made import Made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A root with three releases more, of which one is the way back."""
    made = Made(tmp_path)
    for number in range(3):
        name = f"0.0.{number}-{number:012x}"
        shutil.copytree(made.release, made.release.with_name(name))
    (made.home / "previous").symlink_to("releases/0.0.1-000000000001")
    return made


def test_a_release_that_cannot_be_read_is_listed_with_what_is_the_matter(made: Made) -> None:
    (made.release / "release.json").write_text("[")
    rows = {row.id: row for row in keeping.rows(Shelf(made.root, "prod"))}

    assert rows[made.name].trouble == "release.json is not what it should be"
    assert rows[made.name].is_dist


def test_releases_are_listed_with_who_uses_them(made: Made) -> None:
    (made.release / "built.json").write_text('{"by":"anna","at":0}')
    rows = {row.id: row for row in keeping.rows(Shelf(made.root, "prod"))}

    assert [name for name, row in rows.items() if row.is_dist] == [made.name]
    assert [name for name, row in rows.items() if row.is_previous] == ["0.0.1-000000000001"]
    assert (rows[made.name].built_by, rows[made.name].is_signed) == ("anna", False)


def test_only_what_nobody_wants_is_deleted(made: Made) -> None:
    shelf = Shelf(made.root, "prod")
    before = Path.cwd()
    os.chdir(shelf.releases / "0.0.2-000000000002/lib")
    try:
        decided = kept(keeping.rows(shelf), latest=0)
        assert {one.id: one.why for one in decided}["0.0.2-000000000002"].startswith("process")
        keeping.delete(shelf, decided)
    finally:
        os.chdir(before)

    assert shelf.names() == ["0.0.1-000000000001", "0.0.2-000000000002", made.name]


def test_what_somebody_began_to_use_meanwhile_stays(made: Made) -> None:
    shelf = Shelf(made.root, "prod")
    goes = (Kept(id=made.name, why=""), Kept(id="0.0.1-000000000001", why=""))

    assert [one.why for one in keeping.delete(shelf, goes)] == ["somebody began to use it"] * 2
    before = Path.cwd()
    os.chdir(shelf.releases / "0.0.2-000000000002/lib")
    try:
        (one,) = keeping.delete(shelf, (Kept(id="0.0.2-000000000002", why=""),))
    finally:
        os.chdir(before)
    assert one.why == "somebody began to use it"
    assert len(shelf.names()) == 4


def test_what_a_killed_one_left_is_finished(made: Made) -> None:
    shelf = Shelf(made.root, "prod")
    (shelf.releases / "0.0.0-000000000000").rename(shelf.releases / ".pruning-0.0.0-000000000000")

    keeping.delete(shelf, ())
    assert list(shelf.releases.glob(".*")) == []


def test_who_does_not_own_them_cannot_see_who_uses_them(made: Made) -> None:
    if os.geteuid():
        pytest.skip("only root can give a directory away")
    os.chown(made.release.parent, 65534, 65534)

    with pytest.raises(Forbidden, match="see every process"):
        keeping.delete(Shelf(made.root, "prod"), ())

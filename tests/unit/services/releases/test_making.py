import asyncio
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, PmError, Refused
from pmrunnerd.services.releases import making
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.releases.sources import LOCK, WHEEL, Place, wheel


def made(place: Place, digest: str = "", deed: str = "build") -> str:
    return asyncio.run(making.make(deed, Shelf(place.root, "prod"), digest or place.digest))


def test_a_tree_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no source tree 000000000000"):
        made(Place(tmp_path), "0" * 64)


def test_a_tree_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.trees / place.digest / "README.md").write_text("# cakes\n")

    with pytest.raises(Refused, match="is not what its name says"):
        made(place)
    assert list((tmp_path / "opt/pm-runner/prod/releases").glob("[!.]*")) == []


def test_a_link_in_the_place_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.trees / place.digest).rename(place.trees / "elsewhere")
    (place.trees / place.digest).symlink_to("elsewhere")

    with pytest.raises(PmError):
        made(place)


def test_a_source_that_was_brought_to_be_built_is_gone_afterwards_and_no_other(
    tmp_path: Path,
) -> None:
    place, shelf = Place(tmp_path), Shelf(tmp_path, "prod")
    ours, theirs = making.trees(shelf)
    (theirs / place.digest).rename(tmp_path / "elsewhere")
    making.bring(shelf, tmp_path / "elsewhere", place.digest)
    (ours / "another").mkdir()
    made(place)
    making.drop(shelf, place.digest)
    assert [path.name for path in ours.iterdir()] == ["another"]
    assert (tmp_path / "elsewhere").is_dir()


def test_a_wheel_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with (place.package / WHEEL).open("ab") as file:
        file.write(b"\0")

    with pytest.raises(Refused, match="DO NOT MATCH THE HASHES"):
        made(place)


def test_a_wheel_that_is_not_here_is_named_with_the_command_that_brings_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    lock = f"cake==1.0 \\\n    --hash=sha256:{'7' * 64}\n"
    digest = place.with_file(LOCK, lock)

    with pytest.raises(Refused, match="wheels of the lock are not here: cake") as refused:
        made(place, digest)
    command = f"pmrunnerctl --env prod release build --fetch {digest} --root {tmp_path}"
    assert refused.value.hint == command


def test_a_wheel_that_would_write_outside_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    place = Place(tmp_path, ("../../../escaped", b"out"))

    with pytest.raises(PmError):
        made(place)
    assert list(tmp_path.rglob("escaped")) == []


def test_a_source_that_is_no_python_or_says_no_version_makes_no_release(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for name, why in (("pmrunnerctl/broken.py", "broken.py"), ("pmrunnerd/__init__.py", "version")):
        digest = place.with_file(name, "def\n")
        with pytest.raises(Refused, match=why):
            made(place, digest)


def test_a_hostile_wheel_and_a_hostile_source_are_built_as_plain_files_and_nothing_of_them_is_run(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    mark = tmp_path / "ran"
    code = f"open({os.fspath(mark)!r}, 'w')\n__version__ = '0.1.0'\n"
    set_uid, link = zipfile.ZipInfo("cake/sudo"), zipfile.ZipInfo("cake/out")
    set_uid.external_attr = (stat.S_IFREG | 0o6755) << 16
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    more = ((set_uid, b"#!/bin/sh\n"), (link, b"/etc/shadow"), ("cake.pth", b"import cake.more\n"))
    fetched = wheel(tmp_path / WHEEL, *more, ("cake/more.py", code.encode()))
    store = tmp_path / "var/lib/pm-runner/wheels" / fetched
    store.mkdir(parents=True)
    (tmp_path / WHEEL).rename(store / WHEEL)

    def change(top: Path) -> None:
        (top / LOCK).write_text(f"cake==1.0 \\\n    --hash=sha256:{fetched}\n")
        for name in ("setup.py", "sitecustomize.py", "pmrunnerd/sitecustomize.py", "re.py"):
            (top / name).write_text(code)

    digest = place.source(change)
    name = made(place, digest)

    release = tmp_path / "opt/pm-runner/prod/releases" / name
    facts = json.loads((release / "release.json").read_text())
    assert (facts["id"], facts["source"], facts["level"]) == (name, digest, 1)
    assert (release / "lib/cake/more.py").is_file()
    assert not (release / "lib/README.md").exists()
    for path in release.rglob("*"):
        about = path.lstat()
        assert not stat.S_ISLNK(about.st_mode), path
        assert stat.S_IMODE(about.st_mode) == (0o755 if path.is_dir() else 0o644), path
    assert not mark.exists()
    assert list((tmp_path / "var/lib/pm-runner-build").iterdir()) == []


def test_wheels_that_no_index_has_are_made_again_once_the_lock_is_another(tmp_path: Path) -> None:
    lock, into = tmp_path / "release.lock", tmp_path / "wheels"
    assert not making.lacks_sources(lock, into), "no checkout, which has no lock"
    lock.touch()
    assert making.lacks_sources(lock, into)
    into.mkdir()
    (wheel := into / "cake-1-py3-none-any.whl").touch()
    os.utime(lock, (1000, 1000))
    assert not making.lacks_sources(lock, into)
    os.utime(wheel, (999, 999))
    assert making.lacks_sources(lock, into)

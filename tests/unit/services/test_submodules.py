import asyncio
import shutil
from pathlib import Path

from pmrunnerd.services import submodules
from tests.unit.services.parts import git, hands, head, repository


def _with_submodule(root: Path, *, below: bool = False) -> Path:
    here, library = repository(root / "w"), repository(root / "library")
    if below:
        _add(library, repository(root / "deeper"), "deeper")
    _add(here, library, "library")
    git(here, "-c", "protocol.file.allow=always", "submodule", "update", "--init", "--recursive")
    return here


def _add(here: Path, other: Path, name: str) -> None:
    git(here, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other), name)
    git(here, "commit", "--quiet", "--message=add")


def _strangers(here: Path) -> list[str]:
    return asyncio.run(submodules.strangers(hands(here)))


def test_a_submodule_as_git_makes_it_is_no_stranger_however_deep(tmp_path: Path) -> None:
    assert _strangers(_with_submodule(tmp_path, below=True)) == []


def test_one_that_is_not_there_is_none_either(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    git(here, "submodule", "deinit", "--quiet", "library")

    assert _strangers(here) == []


def test_one_that_holds_its_own_repository_is_a_stranger(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    (here / "library/.git").unlink()
    shutil.copytree(here / ".git/modules/library", here / "library/.git")

    assert _strangers(here) == ["library"]


def test_one_that_points_out_of_the_modules_is_a_stranger(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    for content in ("gitdir: ../elsewhere\n", f"gitdir: {tmp_path}/library/.git\n", "junk"):
        (here / "library/.git").write_text(content)
        assert _strangers(here) == ["library"]
    (here / "library/.git").unlink()
    (here / "library/.git").symlink_to(tmp_path)
    assert _strangers(here) == ["library"]


def test_what_only_this_reader_would_take_for_the_guarded_one_is_a_stranger(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    (here / "round").symlink_to("round")
    for content in (b"gitdir: ../evil\0/../../.git/modules/library", b"gitdir: ../round"):
        (here / "library/.git").write_bytes(content)
        assert _strangers(here) == ["library"]


def test_what_git_would_only_reach_by_a_link_is_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(tmp_path / "far/own")
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{head(here)},far/own")
    (here / "far").symlink_to(tmp_path / "far")
    assert _strangers(here) == []

    (here / "far").unlink()
    repository(here / "far/own")
    assert _strangers(here) == ["far/own"]


def test_one_that_hides_in_the_directory_of_another_is_a_stranger(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    module = here / ".git/modules/library"
    shutil.copytree(module, tmp_path / "copy")
    shutil.copytree(tmp_path / "copy", module / "evil")
    (here / "library/.git").write_text("gitdir: ../.git/modules/library/evil\n")
    assert _strangers(here) == ["library"]


def test_where_somebody_made_links_of_them_all_are_strangers(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    (here / ".git/modules/link").symlink_to(tmp_path)
    assert _strangers(here) == ["library"]


def test_a_stranger_in_a_submodule_is_found_too(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path, below=True)
    (here / "library/deeper/.git").unlink()
    (here / "library/deeper/.git").mkdir()

    assert _strangers(here) == ["library/deeper"]


def test_one_that_nobody_can_read_any_more_is_a_stranger(tmp_path: Path) -> None:
    here = _with_submodule(tmp_path)
    (here / ".git/modules/library/index").write_bytes(b"junk")

    assert _strangers(here) == ["library"]

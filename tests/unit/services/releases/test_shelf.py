import os
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import BadRequest, NotFound
from pmrunnerd.services import process
from pmrunnerd.services.outcome import Exited
from pmrunnerd.services.releases.shelf import Shelf, below, programs, root
from tests.unit.services.releases.made import Made


def test_what_is_no_release_is_not_one_of_them(tmp_path: Path) -> None:
    made = Made(tmp_path)
    for name in (".building-x", ".damaged-0.1.0-000000000000", "notes"):
        (made.release.parent / name).mkdir()

    assert Shelf(tmp_path, "prod").names() == [made.name]
    assert Shelf(tmp_path, "prod").pointed() == made.name
    assert Shelf(tmp_path, "prod").pointed("previous") == ""


def test_an_environment_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no environment dev"):
        Shelf(tmp_path, "dev").names()


@pytest.mark.parametrize("name", ["..", "../0.1.0-000000000000", "", "a/b", "0.1.0"])
def test_a_name_that_leads_elsewhere_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="that is no name of one"):
        Shelf(tmp_path, "prod").path(name)


def test_a_link_in_the_place_of_a_release_is_none(tmp_path: Path) -> None:
    made = Made(tmp_path)
    link = made.release.with_name("0.1.0-000000000000")
    link.symlink_to(made.release)

    with pytest.raises(NotFound):
        Shelf(tmp_path, "prod").path(link.name)


def test_a_process_that_works_in_a_release_uses_it(tmp_path: Path) -> None:
    made = Made(tmp_path)
    shelf = Shelf(tmp_path, "prod")
    before = Path.cwd()
    os.chdir(made.release / "lib")
    try:
        assert shelf.used() == {made.name: [os.getpid()]}
    finally:
        os.chdir(before)
    assert shelf.used() == {}


def test_a_process_that_has_a_library_of_a_release_in_its_memory_uses_it_and_may_be_the_daemon(
    tmp_path: Path,
) -> None:
    made = Made(tmp_path)
    looks = (
        "import mmap, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from pmrunnerd.services.releases.shelf import Shelf\n"
        "file = open(sys.argv[1]); held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)\n"
        "shelf = Shelf(Path(sys.argv[3]), 'prod')\n"
        "print(list(shelf.used()) == [sys.argv[4]], *shelf.used()[sys.argv[4]], *shelf.daemons())\n"
    )
    here = Path(__file__).parents[4]
    words: list[str | Path] = [
        made.release / "lib/cake/bake.py",
        here,
        tmp_path,
        made.name,
        "daemon",
        "prod",
    ]
    done = process.ask([sys.executable, "-c", looks, *words], env=dict(os.environ), total=20)

    assert isinstance(done, Exited), done
    is_used, pid, *daemons = done.out.decode().split()
    assert (is_used, pid in daemons) == ("True", True)


def test_a_release_knows_below_what_it_lies_and_a_checkout_is_none(tmp_path: Path) -> None:
    lib = tmp_path / "opt/pm-runner/prod/releases/0.1.0-000000000000/lib"
    assert below(lib) == tmp_path
    assert root(installed=False, code=lib) == tmp_path
    assert programs(lib)[1] == tmp_path / "usr/lib/pm-runner"
    assert below(Path("/opt/pm-runner/prod/releases/1/lib")) == Path("/")

    assert below(tmp_path) is below(lib.parent) is below(Path("/")) is None
    assert root(installed=False, code=tmp_path) == Path("/")
    (tmp_path / "packaging").mkdir()
    assert root(installed=False, code=tmp_path) == tmp_path / "build"
    assert root(installed=True, code=lib) == Path("/")
    assert programs(tmp_path) == (tmp_path / "packaging", Path("/usr/lib/pm-runner"))

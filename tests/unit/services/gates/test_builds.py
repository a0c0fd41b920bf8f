from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import Project, ProjectType
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.gates.builds import Builds
from pmrunnerd.services.gates.place import GatePlace
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.gates.parts import awaited
from tests.unit.services.releases.made import Made
from tests.unit.services.releases.sources import LOCK, Place

CAKE = Project(id="w1", alias="cake", path="/srv/cake")
SOABI = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")
OURS = replace(CAKE, project_type=ProjectType.RUNNER_DEV)


def builds(tmp_path: Path, root: Path) -> tuple[Builds, GatePlace]:
    place = GatePlace(tmp_path / "gates")
    place.make()
    return Builds(Shelf(root, "prod"), place), place


@awaited
async def test_of_what_nothing_is_built_nothing_is_given(tmp_path: Path) -> None:
    for root in (tmp_path / "nowhere", Made(tmp_path / "root").root):
        found, place = builds(tmp_path, root)
        assert await found.tree(OURS, "0" * 64) == ""
        assert list(place.tree("").iterdir()) == []


@awaited
async def test_the_tree_of_a_release_lies_beside_its_source_by_its_digest(tmp_path: Path) -> None:
    made = Made(tmp_path / "root", soabi=SOABI)
    found, place = builds(tmp_path, made.root)
    for _ in range(2):
        assert await found.tree(CAKE, made.facts.source) == made.facts.tree
        assert [path.name for path in place.tree("").iterdir()] == [made.facts.tree]
    assert (place.tree(made.facts.tree) / "cake/bake.py").read_text() == "heat = 180\n"


@awaited
async def test_one_that_lost_something_in_a_crash_is_brought_again(tmp_path: Path) -> None:
    made = Made(tmp_path / "root", soabi=SOABI)
    found, place = builds(tmp_path, made.root)
    await found.tree(CAKE, made.facts.source)
    bake = place.tree(made.facts.tree) / "cake/bake.py"
    bake.write_text("")
    await found.tree(CAKE, made.facts.source)
    assert bake.read_text() == "heat = 180\n"


@awaited
async def test_a_release_that_is_not_what_was_built_is_given_to_no_gate(tmp_path: Path) -> None:
    made = Made(tmp_path / "root", soabi=SOABI)
    found, place = builds(tmp_path, made.root)
    (made.release / "lib/cake/bake.py").write_text("heat = 280\n")
    with pytest.raises(Refused, match="it is not what was built") as refused:
        await found.tree(CAKE, made.facts.source)
    assert refused.value.hint == f"pmrunnerctl prove {made.name}"
    assert not place.tree(made.facts.tree).exists()


@awaited
async def test_a_release_for_another_python_is_none_of_a_source(tmp_path: Path) -> None:
    made = Made(tmp_path / "root", soabi="cpython-39-x86_64-linux-gnu")
    found, place = builds(tmp_path, made.root)
    assert await found.tree(CAKE, made.facts.source) == ""
    assert list(place.tree("").iterdir()) == []


@awaited
async def test_of_the_runner_itself_a_release_is_built_where_there_is_none(tmp_path: Path) -> None:
    source = Place(tmp_path / "root")
    found, place = builds(tmp_path, source.root)
    (source.trees / source.digest).rename(place.tree(source.digest))
    assert await found.tree(CAKE, source.digest) == "", "another project is not the runner"
    digest = await found.tree(OURS, source.digest)
    assert (place.tree(digest) / "pmrunnerd/__init__.py").is_file()
    assert list((source.root / "var/lib/pm-runner/sources/prod").iterdir()) == []
    assert await found.tree(OURS, source.digest) == digest


@awaited
async def test_what_cannot_be_built_is_refused_with_what_brings_the_wheels(tmp_path: Path) -> None:
    source = Place(tmp_path / "root")
    digest = source.with_file(LOCK, f"cake==1.0 \\\n    --hash=sha256:{'7' * 64}\n")
    found, place = builds(tmp_path, source.root)
    (source.trees / digest).rename(place.tree(digest))
    with pytest.raises(Refused, match=r"cannot be built: .* are not here: cake") as refused:
        await found.tree(OURS, digest)
    command = f"pmrunnerctl --env prod release build --fetch {digest} --root {source.root}"
    assert refused.value.hint == command

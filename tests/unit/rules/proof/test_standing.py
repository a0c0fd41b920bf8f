import msgspec
import pytest
from msgspec import structs

from pmrunnerd.rules.proof import manifest
from pmrunnerd.rules.proof.found import Standing
from pmrunnerd.rules.proof.standing import name_of
from tests.unit.rules.proof.samples import FILES, LISTING, found, papers, release, wrong

OTHER = manifest.Entry("file", "c" * 64)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (FILES | {"cake/bake.py": OTHER}, "lib/cake/bake.py was changed"),
        (FILES | {"cake/evil.py": OTHER}, "lib/cake/evil.py was not built"),
        ({"cake/bake.py": FILES["cake/bake.py"]}, "lib/cake/__init__.py is gone"),
        (
            FILES | {"cake/bake.py": manifest.Entry("link", "b" * 64)},
            "lib/cake/bake.py was a file and is a link",
        ),
        (
            FILES | {f"{n}.py": OTHER for n in range(9)},
            "lib/0.py was not built; lib/1.py was not built; lib/2.py was not built; and 6 more",
        ),
    ],
)
def test_a_file_that_is_not_as_it_was_built_is_named(
    files: dict[str, manifest.Entry], why: str
) -> None:
    assert wrong(found(standing=Standing(files=files))) == {"tree": why}


def test_a_list_that_fits_the_changed_file_is_not_the_one_that_was_built() -> None:
    changed = FILES | {"cake/bake.py": OTHER}
    both = structs.replace(papers(), manifest=manifest.write(changed))

    assert "its list of files is" in wrong(found(both, standing=Standing(files=changed)))["tree"]


def test_a_list_and_a_digest_that_fit_the_changed_file_have_another_name() -> None:
    changed = manifest.write(FILES | {"cake/bake.py": OTHER})
    facts = structs.replace(release(), tree=manifest.digest(changed))
    both = structs.replace(papers(), manifest=changed, release=msgspec.json.encode(facts))
    said = wrong(found(both))

    assert said["tree"].startswith("by source and tree it is 0.1.0-")
    assert "it is of tree" in said["statement"]


@pytest.mark.parametrize(
    ("listing", "why"),
    [
        (None, "its list of files is not there"),
        (LISTING[:-3], "its list of files is damaged: it is cut short"),
        ("manifest is no file", "manifest is no file"),
    ],
)
def test_a_list_that_is_none_is_told(listing: bytes | str | None, why: str) -> None:
    assert wrong(found(structs.replace(papers(), manifest=listing))) == {"tree": why}


def test_what_a_release_says_of_itself_cannot_be_left_out() -> None:
    said = wrong(found(structs.replace(papers(), release=None)))

    assert said["tree"] == "release.json is not there"
    assert said["statement"] == "what it is of cannot be read"


def test_files_that_others_can_change_and_processes_of_another_release_are_told() -> None:
    at = Standing(
        files=FILES,
        dist=release().id,
        writable=("lib/cake",),
        running=("process 7 still runs 0.0.9-000000000000",),
    )

    assert wrong(found(standing=at)) == {
        "dist": "process 7 still runs 0.0.9-000000000000",
        "owner": "lib/cake can be changed by others than its owner",
    }


def test_a_release_that_does_not_run_can_be_proved_too() -> None:
    at = Standing(files=FILES, dist="0.0.9-000000000000", running=("process 7 runs that",))

    assert wrong(found(standing=at)) == {}
    assert wrong(found(standing=structs.replace(at, dist="", running=()))) == {}


def test_a_name_is_by_source_and_tree() -> None:
    assert name_of(release(source="6" * 64)) != name_of(release())
    assert name_of(release(soabi="another")) == name_of(release())

import asyncio
from pathlib import Path

from pmrunnerd.services.evidence.entries import Entry, entries
from tests.unit.services.parts import git, hands, needs_sandbox, repository


@needs_sandbox
def test_files_are_listed_by_path_with_modes_and_sizes_and_a_submodule_has_none(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    (here / "a").mkdir()
    (here / "a" / "ü\nx").write_text("four")
    (here / "link").symlink_to("gone")
    git(here, "add", "--all")
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib")
    git(here, "commit", "--quiet", "--message=more")
    found = asyncio.run(entries(hands(here), "HEAD"))

    assert {path: (one.mode, one.size) for path, one in found.items()} == {
        ".gitignore": ("100644", 9),
        "a/ü\nx": ("100644", 4),
        "kept.txt": ("100644", 5),
        "lib": ("160000", 0),
        "link": ("120000", 4),
    }
    assert found["lib"] == Entry("160000", "1" * 40, 0)

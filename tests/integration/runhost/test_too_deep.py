"""Files of a run with paths longer than the kernel takes: they are not lost, and that is said."""

from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Committed, Kept
from tests.integration.runhost.hosts import end, every, powerless
from tests.unit.services.parts import git, head, needs_sandbox, repository

pytestmark = needs_sandbox

_DEEP = (
    "p=$(printf 'a%.0s' {1..200}); (for i in $(seq 1 30); do mkdir $p; cd $p; done; echo deep > f);"
)


@pytest.mark.parametrize("ending", ["true", "exit 3"])
def test_they_go_aside_and_the_tree_goes_back(tmp_path: Path, ending: str) -> None:
    here = repository(tmp_path / "workspace")
    began = head(here)
    said = powerless(tmp_path, f"{_DEEP} echo x > work; {ending}")

    assert end(said).outcome is Outcome.FAILED
    (kept,) = every(said, Kept)
    assert git(here, "show", f"{kept.ref}:work") == "x\n"
    assert (head(here), git(here, "status", "--porcelain")) == (began, "")
    assert sorted(path.name for path in here.iterdir()) == [".git", ".gitignore", "kept.txt"]
    if ending == "true":
        assert "git takes no path that long; it is in .git/pm-runner-kept/" in end(said).reason
    (deep,) = (here / kept.aside).rglob("f")
    assert deep.read_text() == "deep\n"


def test_what_is_ignored_keeps_nobody_from_a_commit(tmp_path: Path) -> None:
    repository(tmp_path / "workspace")
    said = powerless(tmp_path, f"mkdir ignored; cd ignored; {_DEEP} cd ..; echo x > work")

    assert end(said).outcome is Outcome.SUCCEEDED, said
    assert len(every(said, Committed)) == 1
    (kept,) = every(said, Kept)
    assert kept.aside

import subprocess
from pathlib import Path

import pytest

from tests.unit.services.parts import git, head, repository
from tests.unit.services.sweeping import swept

BROKEN = {
    "no references": "rm -r refs",
    "a file for references": "rm -r refs; echo x > refs",
    "a file for branches": "rm -r refs/heads; echo x > refs/heads",
    "a directory for a HEAD": "rm HEAD; mkdir -p HEAD/x",
    "a directory for an index": "rm -f index; mkdir -p index/x",
    "a directory for packed references": "rm -f packed-refs; mkdir -p packed-refs/x",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_submodule_is_a_repository_again_once_it_has_a_head(tmp_path: Path, what: str) -> None:
    here = repository(tmp_path / "w")
    at = here / ".git/modules/library"
    at.parent.mkdir()
    library = repository(tmp_path / "library")
    began = head(library)
    library.joinpath(".git").rename(at)
    subprocess.run(["bash", "-ec", BROKEN[what]], cwd=at, check=True)
    swept(here, guarded=[str(at)])

    if not (at / "HEAD").exists():
        (at / "HEAD").write_text("ref: refs/heads/main\n")
    words = ("update-ref", "HEAD", began)
    git(here, f"--git-dir={at}", f"--work-tree={library}", *words)
    git(here, f"--git-dir={at}", f"--work-tree={library}", "reset", "--hard")

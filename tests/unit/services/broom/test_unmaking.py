from pathlib import Path

from tests.unit.services.parts import git, repository
from tests.unit.services.sweeping import swept


def test_what_is_planted_where_a_repository_would_go_keeps_it_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    inner = repository(here / "own")
    (inner / ".git.kept/x").mkdir(parents=True)
    repository(inner / "deeper")
    git(here, "init", "--quiet", "--bare", "own/bare")

    assert swept(here)["taken"] == ["own"]
    left = [
        path for path in (here / ".git/pm-runner-kept").rglob("*") if path.name in {".git", "HEAD"}
    ]
    assert [path for path in left if (path.parent / "config").exists() or path.name == ".git"] == []

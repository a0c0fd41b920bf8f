"""What the CLI's sandbox leaves behind, and what only looks like it."""

import asyncio
import os
import time
from pathlib import Path

from pmrunnerd.services import marker, stubs, tenancy
from pmrunnerd.services.keeping import Keeping
from pmrunnerd.services.marker import Marker
from tests.unit.services.parts import git, hands, head, repository


def test_empty_files_that_git_would_add_go(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    for name in (".bashrc", ".mcp.json"):
        (workspace / name).touch()
    (workspace / ".claude/.cc-writes").mkdir(parents=True)
    (workspace / ".claude/agents").touch()

    asyncio.run(stubs.clear(hands(workspace)))

    assert git(workspace, "status", "--porcelain", "--ignored") == ""
    assert not (workspace / ".claude").exists()


def test_what_is_somebody_s_stays(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / ".gitmodules").touch()
    git(workspace, "add", ".gitmodules")
    (workspace / ".bashrc").write_text("x\n")
    (workspace / "empty").touch()
    (workspace / ".claude").mkdir()
    (workspace / ".claude/settings.json").write_text("{}")

    asyncio.run(stubs.clear(hands(workspace)))

    left = git(workspace, "status", "--porcelain").splitlines()
    assert left == ["A  .gitmodules", "?? .bashrc", "?? .claude/", "?? empty"]


def test_what_is_left_of_a_repository_that_was_removed_goes_and_one_that_is_there_stays(
    tmp_path: Path,
) -> None:
    workspace = repository(tmp_path / "w")
    (workspace / "gone ü/.git/hooks").mkdir(parents=True)
    (workspace / "gone ü/.git/config").write_text("[core]\n")
    (workspace / "gone ü/x").touch()
    (workspace / "odd/.git").mkdir(parents=True)
    (workspace / "odd/.git/somebody's").touch()
    git(repository(workspace / "there"), "status")
    (workspace / "there/.git/hooks/own").mkdir(parents=True)

    asyncio.run(stubs.clear(hands(workspace)))

    assert [path.name for path in (workspace / "gone ü").iterdir()] == ["x"]
    assert (workspace / "there/.git/hooks/own").is_dir()
    assert (workspace / "odd/.git/somebody's").exists()
    assert (workspace / ".git/refs/tags").is_dir()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    workspace = repository(tmp_path / "w")
    outside = tmp_path / "outside"
    (outside / "empty").mkdir(parents=True)
    (workspace / ".claude").symlink_to(outside)

    asyncio.run(stubs.clear(hands(workspace)))

    assert (outside / "empty").is_dir()


def test_git_passes_them_by_with_the_configuration_of_the_run(tmp_path: Path) -> None:
    stubs.ignore(tmp_path)

    names = (tmp_path / stubs.CONFIGURATION / "git/ignore").read_text().splitlines()

    assert "/.bashrc" in names
    assert "/.claude" in names


def test_those_of_a_run_that_was_killed_are_not_kept_with_its_work(tmp_path: Path) -> None:
    workspace, dead = repository(tmp_path / "w"), f"r0-{os.getpid():08x}"
    began = time.time()
    marker.write(workspace, Marker(run=dead, head=head(workspace), branch="main"))
    (workspace / "half").write_text("half\n")
    (workspace / ".bashrc").touch()
    told: list[Keeping | None] = []
    taken = tenancy.take(
        hands(workspace),
        [],
        alive=lambda _: False,
        began=lambda _: began,
        put_away=lambda _, kept: told.append(kept),
    )

    asyncio.run(taken).leave()

    ref = f"refs/pm-runner/runs/{dead}"
    assert told == [Keeping(ref=ref, files=1)]
    assert git(workspace, "show", "--format=", "--name-only", ref) == "half\n"
    assert git(workspace, "status", "--porcelain") == ""

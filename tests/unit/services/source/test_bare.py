import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.source.bare import Bare, TooMany, lay_out, opened
from tests.unit.services.parts import RUN, git, head, needs_sandbox, repository, unconfined
from tests.unit.services.source.parts import empty, of


def over(workspace: Path, at: Path, width: int = 40) -> Bare:
    """Have a repository over a workspace's objects, in no cell."""
    lay_out(at, workspace / ".git/objects", width)
    return Bare(unconfined(workspace), at, RUN)


def test_a_workspace_s_objects_are_read_whatever_its_path_and_its_hash(tmp_path: Path) -> None:
    for algorithm, width in (("sha1", 40), ("sha256", 64)):
        here = empty(tmp_path / f'a"b\\c\né #{algorithm}', algorithm)
        made = of(here, ("100644", "f", b"x"))
        bare = over(here, tmp_path / algorithm, width)

        assert asyncio.run(bare.said("cat-file", "-t", made)) == "commit\n"


def test_nothing_of_a_workspace_s_git_has_a_say(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    first = head(here)
    git(here, "commit", "--allow-empty", "--quiet", "-m", "second")
    (here / ".git/config").write_text(
        "[alias]\n\tcheck = !touch ran\n[core]\n\tpager = touch ran\n"
    )
    git(here, "replace", head(here), first)
    assert "start" in git(here, "log", "-1", "--format=%s", "HEAD"), "the replacement counts there"
    bare = over(here, tmp_path / "bare")

    assert asyncio.run(bare.said("log", "-1", "--format=%s", head(here))) == "second\n"
    with pytest.raises(GitFailed, match="check"):
        asyncio.run(bare.said("check"))
    assert not (here / "ran").exists()


def test_a_graph_of_commits_that_somebody_wrote_is_not_believed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "commit", "--allow-empty", "--quiet", "-m", "second")
    git(here, "commit-graph", "write", "--reachable")
    graph = here / ".git/objects/info/commit-graph"
    graph.chmod(0o600)
    graph.write_bytes(graph.read_bytes()[:64])
    broken = subprocess.run(
        ["git", "-C", here, "log", "--format=%s"], capture_output=True, text=True, check=False
    )
    assert "commit-graph" in broken.stderr, "git would have looked at it"

    said = asyncio.run(over(here, tmp_path / "bare").said("log", "--format=%s", head(here)))
    assert said == "second\nstart\n"


def test_what_is_sent_goes_to_the_file_and_no_more_of_it_than_that(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, ("100644", "f", b"x" * 100_000))
    bare = over(here, tmp_path / "bare")
    script = '"$@" cat-file blob "$COMMIT:f"'
    with (tmp_path / "to").open("w+b") as file:
        asyncio.run(bare.send(script, file.fileno(), most=200_000, COMMIT=made))
        assert file.seek(0, os.SEEK_END) == 100_000
        with pytest.raises(TooMany, match="there is more than is taken of any"):
            asyncio.run(bare.send(script, file.fileno(), most=150_000, COMMIT=made))
        with pytest.raises(GitFailed, match="fatal: "):
            asyncio.run(bare.send(script, file.fileno(), most=200_000, COMMIT="0" * 40))


@needs_sandbox
def test_in_its_cell_objects_that_lie_elsewhere_do_not_exist(tmp_path: Path) -> None:
    here, other = repository(tmp_path / "w"), empty(tmp_path / "other")
    secret = of(other, ("100644", "f", b"hush"))
    said = []

    async def scene() -> None:
        async with opened(here, 40, hidden=(), unconfined=False) as bare:
            # After we looked, as one might who knows when we look.
            borrowed = here / ".git/objects/info/alternates"
            borrowed.parent.mkdir(exist_ok=True)
            borrowed.write_text(f"{other}/.git/objects\n")
            assert git(here, "cat-file", "-t", secret) == "commit\n", "git would have shown it"
            said.append(await bare.said("cat-file", "-t", head(here)))
            with pytest.raises(GitFailed):
                await bare.said("cat-file", "-t", secret)

    asyncio.run(scene())
    assert said == ["commit\n"]

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pmrunnerd.services import commits
from pmrunnerd.services.cell import NONE, Reach
from pmrunnerd.services.commits import NestedRepository
from pmrunnerd.services.git import Git
from pmrunnerd.services.unconfined import Stray, Unconfined
from tests.crash.tracing import STRACE
from tests.unit.services.parts import RUN, git, hands, head, repository

TRAILERS = (("PM-Runner-Task", "t1"), ("PM-Runner-Run", RUN))


def _make(path: Path, subject: str = "do it") -> None:
    asyncio.run(_staged_and_made(hands(path), subject))


async def _staged_and_made(hands: Git, subject: str) -> None:
    await commits.stage(hands)
    await commits.make(hands, subject, TRAILERS)


def test_a_commit_holds_everything_that_is_not_ignored_and_names_its_run(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "new dir").mkdir()
    (here / "new dir/ü").write_text("x")
    (here / "kept.txt").unlink()
    (here / "ignored").mkdir()
    (here / "ignored/x").touch()
    _make(here)

    assert git(here, "status", "--porcelain") == ""
    shown = git(here, "-c", "core.quotePath=false", "show", "--name-status", "--format=%s|%ae|%ce")
    assert shown.splitlines() == [
        f"do it|{RUN}@pm-runner.invalid|{RUN}@pm-runner.invalid",
        "",
        "D\tkept.txt",
        "A\tnew dir/ü",
    ]
    trailers = git(here, "log", "-1", "--format=%(trailers:only)").split("\n")
    # The hands of these tests have no sandbox.
    assert trailers[:3] == [
        "PM-Runner-Task: t1",
        f"PM-Runner-Run: {RUN}",
        "PM-Runner-Confinement: UNCONFINED",
    ]


def test_what_a_run_made_where_a_sparse_checkout_leaves_files_out_is_committed(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    git(here, "sparse-checkout", "set", "--no-cone", "/.gitignore")
    (here / "new").touch()
    _make(here)

    assert git(here, "show", "--name-status", "--format=") == "A\tnew\n"


class Traced(Unconfined):
    """A cell that writes down which files each of its commands makes durable."""

    def __init__(self, workspace: Path, log: Path) -> None:
        super().__init__(workspace, workspace, RUN, below=False)
        self._words = ("strace", "-f", "-y", "-A", "-e", "trace=fsync,fdatasync", "-o", str(log))

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], reach: Reach = NONE
    ) -> Stray:
        return await super().start([*self._words, "--", *command], environment, reach)


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_a_commit_survives_a_power_cut_its_objects_and_its_branch(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "new").write_text("x")
    log = tmp_path / "log"
    asyncio.run(_staged_and_made(Git(Traced(here, log), RUN), "do it"))

    synced = log.read_text()
    assert f"{here}/.git/objects/" in synced
    assert f"{here}/.git/refs/heads/main.lock" in synced


def test_a_run_s_commit_is_found_behind_those_of_people_and_no_other_is(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "a").touch()
    (here / "b").touch()
    _make(here)
    made = head(here)
    git(
        here, "commit", "--quiet", "--allow-empty", "-m", "later\n\nmentions PM-Runner-Run: r9-9999"
    )

    found = asyncio.run(commits.find(hands(here), ["r7-0000", RUN]))
    assert found == commits.Commit(id=made, subject="do it", files=2, run=RUN)
    assert asyncio.run(commits.find(hands(here), ["r9-9999"])) is None
    assert asyncio.run(commits.find(hands(here), [])) is None


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("# not a comment", "# not a comment"),
        ("two\nlines\n\nPM-Runner-Run: r9-9999", "two lines PM-Runner-Run: r9-9999"),
        ("\x1b[31mred\x00", "[31mred"),
        ("  ", ""),  # the run's own name
        ("-m", "-m"),
        ("x" * 500, "x" * 200),
    ],
)
def test_any_title_makes_one_line_and_cannot_forge_a_trailer(
    tmp_path: Path, title: str, expected: str
) -> None:
    here = repository(tmp_path / "w")
    (here / "new").touch()
    _make(here, title)

    assert git(here, "log", "-1", "--format=%s").strip() == (expected or RUN)
    assert asyncio.run(commits.find(hands(here), ["r9-9999"])) is None
    assert asyncio.run(commits.find(hands(here), [RUN])) is not None


def test_a_repository_inside_is_refused_and_one_that_was_there_is_not(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    repository(here / "inner one")

    with pytest.raises(NestedRepository, match="cannot commit inner one: "):
        _make(here)
    assert git(here, "log", "--format=%s") == "start\n"


def test_a_difference_that_git_evens_out_makes_no_commit(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".gitattributes").write_text("*.txt text eol=lf\n")
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "attributes")
    (here / "kept.txt").write_bytes(b"kept\r\n")
    before = head(here)
    _make(here)

    assert head(here) == before


def test_files_are_counted_between_any_two_commits(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    before = head(here)
    for name in ("a\nb", "c"):
        (here / name).touch()
    _make(here)

    assert asyncio.run(commits.count(hands(here), before, "HEAD")) == 2
    assert asyncio.run(commits.count(hands(here), "HEAD", "HEAD")) == 0


def test_a_message_alone_does_not_make_a_commit_a_run_s(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "commit", "--quiet", "--allow-empty", "-m", f"x\n\nPM-Runner-Run: {RUN}")

    assert asyncio.run(commits.find(hands(here), [RUN])) is None

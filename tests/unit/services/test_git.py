import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.services.git import Git, GitFailed, NoRoom, TooSlow, failure, shown
from pmrunnerd.services.outcome import Exited, Killed, Outcome, Overflowed, TimedOut
from tests.unit.services.parts import (
    RUN,
    Ending,
    confined,
    git,
    hands,
    head,
    needs_sandbox,
    repository,
    unconfined,
)


def test_git_says_what_it_prints_and_fails_with_what_it_says(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert asyncio.run(hands(here)("rev-parse", "HEAD")).strip() == head(here)
    with pytest.raises(GitFailed, match=r"cannot run git show in .*: fatal: "):
        asyncio.run(hands(here)("show", "nothing"))


def test_yes_and_no_are_told_by_the_exit_status(tmp_path: Path) -> None:
    here = hands(repository(tmp_path / "w"))

    assert asyncio.run(here.succeeds("cat-file", "-e", "HEAD"))
    assert not asyncio.run(here.succeeds("cat-file", "-e", "0" * 40))


def test_a_commit_has_a_full_name_or_none(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert asyncio.run(hands(here).commit_id("HEAD")) == head(here)
    with pytest.raises(GitFailed):
        asyncio.run(hands(here).commit_id("HEAD^"))


def test_nobody_s_own_configuration_counts(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / ".gitconfig").write_text("[alias]\n\tcheck = !touch ran\n")
    os.environ["GIT_CONFIG_PARAMETERS"] = "'alias.check=!touch ran'"
    try:
        with pytest.raises(GitFailed):
            asyncio.run(hands(here)("check"))
    finally:
        del os.environ["GIT_CONFIG_PARAMETERS"]
    assert not (here / "ran").exists()


def test_hooks_of_a_repository_do_not_run(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change"):
        hook = here / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hooked\n")
        hook.chmod(0o755)

    asyncio.run(hands(here)("commit", "--allow-empty", "--quiet", "-m", "x"))
    assert not (here / "hooked").exists()

    git(here, "commit", "--allow-empty", "--quiet", "-m", "x")
    assert (here / "hooked").exists(), "the hooks would have run"


@needs_sandbox
def test_what_a_hostile_repository_makes_git_run_runs_in_the_sandbox(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    outside = tmp_path / "outside"
    outside.mkdir()
    (here / ".gitattributes").write_text("*.txt filter=evil\n")
    git(here, "config", "filter.evil.clean", f"touch {here}/.git/ran; touch {outside}/ran; cat")
    (here / "new.txt").write_text("x\n")

    asyncio.run(Git(confined(here), RUN)("add", "--all"))
    assert (here / ".git/ran").exists(), "the filter ran"
    assert not (outside / "ran").exists()

    (here / "other.txt").write_text("x\n")
    asyncio.run(Git(unconfined(here), RUN)("add", "--all"))
    assert (outside / "ran").exists(), "nothing but the sandbox kept it in"


@needs_sandbox
def test_a_file_system_monitor_of_a_repository_does_not_run(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "config", "core.fsmonitor", f"touch {here}/.git/ran; false")

    asyncio.run(Git(confined(here), RUN)("status"))
    assert not (here / ".git/ran").exists()
    git(here, "status")
    assert (here / ".git/ran").exists(), "it would have run"


def test_paths_that_are_no_text_can_be_shown(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    here.joinpath(os.fsdecode(b"\xff.txt")).touch()

    said = asyncio.run(hands(here)("status", "--porcelain", "-z"))
    assert said == "?? \\xff.txt\0"
    said.encode()


def test_records_are_paths_that_name_their_files_whatever_their_bytes(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    odd = here / os.fsdecode(b"a\xff\nb")
    odd.touch()
    found = asyncio.run(hands(here).records("ls-files", "--others", "-z", only="p"))

    assert [here / name for name in found] == [odd]
    assert [shown(name) for name in found] == ["a\\xff\nb"]
    assert asyncio.run(hands(here).records("ls-files", "--deleted", "-z", only="p")) == []
    with pytest.raises(GitFailed, match="cannot run git ls-files"):
        asyncio.run(hands(here).records("ls-files", "--nonsense", only="p"))


def test_another_repository_in_the_cell_is_reached_by_its_two_directories(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    other = repository(here / "ignored/other")
    (other / "new").touch()
    inner = hands(here).within(other / ".git", other)

    assert asyncio.run(inner("status", "--porcelain")) == "?? new\n"
    index = str(other / ".git/another")
    asyncio.run(inner("add", "--all", index=index))
    assert asyncio.run(inner("ls-files", index=index)) == ".gitignore\nkept.txt\nnew\n"
    assert asyncio.run(hands(here)("status", "--porcelain")) == ""


def test_what_takes_too_long_is_told_apart_for_another_try_would_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = repository(tmp_path / "w")
    os.mkfifo(here / ".mailmap")
    monkeypatch.setattr("pmrunnerd.services.git._TOTAL", 0.5)

    with pytest.raises(TooSlow, match=r"cannot run git log in .*: it took longer than 0.5 s"):
        asyncio.run(hands(here)("log"))
    with pytest.raises(TooSlow):
        asyncio.run(hands(here).succeeds("log"))


@pytest.mark.parametrize("outcome", [Killed(9, b"", b""), TimedOut(300.0), Overflowed(1 << 20)])
def test_whoever_cannot_look_does_not_say_that_nothing_is_there(
    tmp_path: Path, outcome: Outcome
) -> None:
    nobody = Ending(tmp_path, outcome)
    with pytest.raises((GitFailed, TooSlow), match=f"cannot look for .git in {tmp_path}: "):
        asyncio.run(nobody.has(".git"))


@pytest.mark.parametrize(
    "said",
    [
        b"error: unable to write file x: No space left on device\nfatal: adding files failed",
        b"fatal: cannot store pack file: Disk quota exceeded",
        b"OSError: [Errno 28] No space left on device: b'own'",
    ],
)
def test_a_disk_that_is_full_is_told_apart_for_it_passes(said: bytes) -> None:
    assert type(failure("do it", Exited(128, b"", said))) is NoRoom


@pytest.mark.parametrize(
    "outcome",
    [
        Exited(128, b"x: No space left on device", b""),
        Exited(128, b"", b"fatal: bad name 'No space left on device'"),
        Killed(9, b"", b"x: No space left on device"),
    ],
)
def test_who_only_mentions_a_full_disk_failed(outcome: Outcome) -> None:
    assert type(failure("do it", outcome)) is GitFailed


@needs_sandbox
def test_a_pipeline_reads_what_it_is_given_however_long(tmp_path: Path) -> None:
    pipeline = Git(confined(repository(tmp_path / "w")), RUN).pipeline
    given = b"x\0" * 500_000

    assert asyncio.run(pipeline('cat <&"$GIVEN"', given)) == ["x"] * 500_000
    assert asyncio.run(pipeline('cat <&"$GIVEN"')) == []
    with pytest.raises(GitFailed, match=r"in a pipeline in \S+: exit status 3\Z"):
        asyncio.run(pipeline("exit 3"))

import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound
from pmrunnerd.model.evidence import LIMIT, NAME, Account, Found, Lying
from pmrunnerd.services.evidence.recount import recount
from tests.unit.services.parts import git, hands, head, needs_sandbox, repository

pytestmark = needs_sandbox


def told(here: Path, revision: str = "HEAD", base: str = "") -> tuple[Account, Found]:
    return asyncio.run(recount(hands(here), revision, base=base))


def commit(here: Path, files: dict[str, str], subject: str = "x") -> str:
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "--allow-empty", f"--message={subject}")
    return head(here)


def test_of_the_first_content_all_is_new(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    second = commit(here, {"a/x": "1\n2\n", "b": "\0", "docs/evidence.md": ""}, "Say\tmore\n\nbody")
    account, found = told(here)

    assert (account.base, account.commits) == ("", (second,))
    assert [one.subject for one in account.made] == ["Say\tmore", "start"]
    assert [(one.name, one.files, one.added) for one in account.changed] == [
        ("a", 1, 2),
        ("docs", 1, 0),
        ("top level", 3, 2),
    ]
    assert account.misplaced == ("docs/evidence.md",)
    assert found.lying is Lying.MISSING


def test_a_commit_that_wrote_evidence_alone_is_of_the_content_before_it(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    first = head(here)
    second = commit(here, {NAME: "one"})
    empty = commit(here, {})
    third = commit(here, {NAME: "two"})
    account, found = told(here)

    assert account.commits == (third, empty, second, first)
    assert account.commit == first
    assert account.source == told(here, first)[0].source
    assert found.data == b"two"
    changed = commit(here, {NAME: "three", "x": "x"})
    assert told(here)[0].commits == (changed,)


def test_it_is_compared_with_the_commit_of_the_newest_section_that_is_true(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    first, old = head(here), told(here)[0].source
    second = commit(here, {"a/x": "x", "pyproject.toml": ""}, "a")
    new = told(here)[0].source
    true, lie = f"## {old} x\nCommit {first}\n", f"## {'1' * 64} x\nCommit {second}\n"
    gone, none = f"## {'2' * 64} x\nCommit {'3' * 40}\n", f"## {'4' * 64} x\n"
    commit(here, {NAME: f"## {new} x\n{lie}{gone}{none}{true}"})
    commit(here, {"b/x": "x"}, "b")
    account, _ = told(here)

    assert account.base == first
    assert [one.name for one in account.changed] == ["a", "b", "top level"]
    assert [one.subject for one in account.made] == ["b", "x", "a"]
    assert told(here, base=second)[0].base == second


def test_a_section_for_this_very_commit_hides_no_change(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    changed = commit(here, {"a/x": "x"})
    commit(here, {NAME: f"## {'1' * 64} x\nCommit {changed}\n"})
    account, _ = told(here)

    assert account.base == ""
    assert "a" in [one.name for one in account.changed]


def test_areas_are_those_that_the_commit_declares(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    text = '[tool.pm-runner.evidence]\nareas = ["d/*"]\n'
    commit(here, {"d/a/x": "x", "d/b/x": "x", "pyproject.toml": text})
    (here / "pyproject.toml").write_text("not looked at")

    assert [one.name for one in told(here)[0].changed] == ["d/a", "d/b", "top level"]


@pytest.mark.parametrize("kind", [Lying.DIRECTORY, Lying.LINK, Lying.TOO_LARGE, Lying.SOMETHING])
def test_what_is_no_file_in_a_commit_is_told(tmp_path: Path, kind: Lying) -> None:
    here = repository(tmp_path / "w")
    match kind:
        case Lying.DIRECTORY:
            commit(here, {f"{NAME}/x": "x"})
        case Lying.LINK:
            (here / NAME).symlink_to("kept.txt")
            commit(here, {})
        case Lying.TOO_LARGE:
            commit(here, {NAME: "x" * (LIMIT + 1)})
        case _:
            git(here, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{NAME}")
            git(here, "commit", "--quiet", "--message=module")

    assert told(here)[1].lying is kind


def test_what_is_no_commit_is_refused(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    for revision in ("gone", "HEAD:kept.txt", "HEAD~1"):
        with pytest.raises(NotFound):
            told(here, revision)


def test_a_history_by_sha_256_is_read_as_well(tmp_path: Path) -> None:
    here = tmp_path / "w"
    here.mkdir()
    git(here, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    first = commit(here, {"a/x": "x\n"})
    account, _ = told(here)

    assert (len(first), account.commits) == (64, (first,))
    assert [one.added for one in account.changed] == [1]

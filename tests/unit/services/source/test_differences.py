from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError, Refused, TooLarge
from pmrunnerd.model.source import Bounds, Change, Changed, Subject, Wanted
from pmrunnerd.services.source import differences
from pmrunnerd.services.source.objects import Damaged
from tests.unit.services.parts import git, head, repository
from tests.unit.services.source.parts import brought, commit, empty, of, reader, store, tree

X = "100644"
ANNA = "Anna <anna@example.invalid>"


def test_what_is_not_the_same_is_told_by_path_with_its_lines(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    base = of(here, (X, "a", b"1\n2\n"), (X, "gone", b"x\n"), (X, "mode", b""), (X, "same", b"s"))
    after = of(
        here, (X, "a", b"1\n3\n4\n"), ("100755", "mode", b""), (X, "n\nl", b"\0"), (X, "same", b"s")
    )
    data = brought(here, after, Wanted.CHANGES, base)

    assert differences.changed(reader(data), base, after) == (
        Changed(path="a", kind=Change.MODIFIED, added=2, removed=1),
        Changed(path="gone", kind=Change.REMOVED, added=0, removed=1),
        Changed(path="mode", kind=Change.MODIFIED, added=0, removed=0),
        Changed(path="n\nl", kind=Change.ADDED),
    )


def test_nobody_can_hide_a_path_nor_make_one_up(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    base, after = of(here, (X, "a", b"1\n")), of(here, (X, "a", b"2\n"))
    data = brought(here, after, Wanted.CHANGES, base)
    silent = data.removesuffix(b"1\t1\ta\0")
    assert silent != data

    assert differences.changed(reader(silent), base, after) == (
        Changed(path="a", kind=Change.MODIFIED),
    )
    loud = data + b"9\t9\tb\0nonsense\0" + b"9" * 5000 + b"\t1\ta\0"
    assert [one.path for one in differences.changed(reader(loud), base, after)] == ["a"]
    with pytest.raises(Damaged, match=f"cannot compare {after} with {base}: "):
        differences.changed(reader(data.replace(b"100644 a", b"100755 a")), base, after)


def test_a_name_that_cannot_be_told_is_refused_here_too(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    base, after = of(here, (X, "a", b"")), of(here, (X, b"\xff", b""))
    with pytest.raises(Refused, match="its name is not UTF-8"):
        differences.changed(reader(brought(here, after, Wanted.CHANGES, base)), base, after)


def test_what_led_to_a_commit_is_told_the_latest_first_with_merges(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    base = head(here)
    git(here, "checkout", "--quiet", "-b", "side")
    git(here, "commit", "--quiet", "--allow-empty", "-m", "side\n\nmore")
    git(here, "checkout", "--quiet", "main")
    git(here, "commit", "--quiet", "--allow-empty", "-m", "here")
    git(here, "merge", "--quiet", "-m", "both", "side")
    made = head(here)
    data = brought(here, made, Wanted.SUBJECTS, base)
    found = differences.subjects(reader(data), made)

    assert found[0] == Subject(id=made, subject="both", author=ANNA)
    assert {one.subject for one in found} == {"both", "here", "side"}
    assert differences.subjects(reader(b""), made) == ()
    with pytest.raises(Damaged, match="is not what its name says"):
        differences.subjects(reader(data.replace(b"side\n", b"good\n")), made)
    with pytest.raises(TooLarge, match="more than 2 commits are between them"):
        differences.subjects(reader(data), made, Bounds(commits=2))


def test_a_commit_that_nothing_leads_to_is_not_taken(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    inner = tree(here, (X, "f", store(here, "blob", b"")))
    stranger, made = commit(here, inner, message="stranger"), commit(here, inner, message="mine")
    base = commit(here, inner, message="base")
    data = brought(here, made, Wanted.SUBJECTS, base) + brought(
        here, stranger, Wanted.SUBJECTS, base
    )
    with pytest.raises(PmError, match=f"{stranger} came, and nothing leads to it"):
        differences.subjects(reader(data), made)

import asyncio
import hashlib
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, Refused
from pmrunnerd.model.source import Wanted
from pmrunnerd.services.git import GitFailed
from pmrunnerd.services.source import sending
from tests.unit.services.parts import git, head, repository
from tests.unit.services.source.parts import brought, empty, of, store


def resolved(here: Path, name: str) -> str:
    return asyncio.run(sending.resolve(here, name, hidden=(), unconfined=True))


def test_a_commit_is_found_by_branch_tag_and_the_beginning_of_its_id(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "tag", "-a", "-m", "one", "v1")

    assert {resolved(here, name) for name in ("main", "v1", head(here)[:8], head(here))} == {
        head(here)
    }


def test_what_is_no_commit_is_not_found(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    blob = store(here, "blob", b"x")
    for name in ("nothing", "0123abcd", "0" * 40, blob, "abc"):
        with pytest.raises(NotFound, match=f"cannot find {name} in .*: no branch, tag or commit"):
            resolved(here, name)
    with pytest.raises(NotFound):
        resolved(empty(tmp_path / "empty"), "main")


def test_the_beginning_of_two_ids_is_refused(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    # By trial, the first two trees of commits whose ids begin with the same four digits.
    ids: dict[str, str] = {}
    tree = git(here, "rev-parse", "HEAD^{tree}").strip()
    for number in range(3000):
        text = f"tree {tree}\nauthor A <a> {number} +0000\ncommitter A <a> {number} +0000\n\nx\n"
        name = _id(text.encode())
        if name[:4] in ids:
            break
        ids[name[:4]] = text
    for one in (ids[name[:4]], text):
        store(here, "commit", one.encode())
    with pytest.raises(Refused, match="several begin so"):
        resolved(here, name[:4])


def _id(text: bytes) -> str:
    return hashlib.sha1(b"commit %d\0" % len(text) + text, usedforsecurity=False).hexdigest()


def test_what_is_sent_is_what_git_says_and_for_a_full_id_alone(tmp_path: Path) -> None:
    here = empty(tmp_path / "w")
    made = of(here, ("100644", "f", b"hello"))
    with (tmp_path / "to").open("w+b") as file:
        for name in ("main", made[:39], f"{made}\n", "--all"):
            with pytest.raises(Refused, match="that is no full id of one"):
                _send(here, name, file.fileno())
        with pytest.raises(GitFailed, match="cannot read commits of"):
            _send(here, "0" * 40, file.fileno())
        file.seek(0)
        file.truncate()
        _send(here, made, file.fileno())
        file.seek(0)

        assert file.read() == brought(here, made)


def _send(here: Path, commit: str, to: int) -> None:
    asyncio.run(sending.send(here, Wanted.TREE, commit, "", to=to, hidden=(), unconfined=True))

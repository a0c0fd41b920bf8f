import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.model.errors import NotFound, PmError, Refused
from pmrunnerd.services import disposal
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.errands.units import Units
from pmrunnerd.services.host import units as hosts
from pmrunnerd.services.source.repository import Repository, extract
from tests.fakes import units
from tests.unit.services.parts import git, head, needs_sandbox, repository
from tests.unit.services.source.parts import empty, imported, of, store

X = "100644"


def at(here: Path, room: Path) -> Repository:
    room.mkdir(exist_ok=True)
    return Repository(errands=Here(), workspace=here, room=room, unconfined=True)


def archived(here: Path, into: Path) -> dict[str, bytes]:
    """Take the files of a commit as `git archive` in the workspace would have them."""
    into.mkdir()
    tar = subprocess.run(["git", "archive", "HEAD"], cwd=here, capture_output=True, check=True)
    subprocess.run(["tar", "-x"], cwd=into, input=tar.stdout, check=True)
    return files(into)


def files(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()
    }


def test_nothing_that_a_workspace_says_changes_a_byte_or_runs(tmp_path: Path) -> None:
    """Attributes, filters, ends of lines, hooks and submodule urls: each would count elsewhere."""
    here = repository(tmp_path / "w")
    text = b"$Id$ $Format:%H$\nline\n"
    content = dict.fromkeys(
        ("filtered.txt", "ident.txt", "subst.txt", "eol.txt", "hidden.txt"), text
    )
    for name, data in content.items():
        (here / name).write_bytes(data)
    attributes = (
        "ident.txt ident\nsubst.txt export-subst\nhidden.txt export-ignore\n"
        "eol.txt text eol=crlf\nfiltered.txt filter=evil\n"
    )
    (here / ".gitattributes").write_text(attributes)
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "hostile")
    made = head(here)
    git(here, "config", "filter.evil.smudge", f"touch {tmp_path}/ran; tr a-z A-Z")
    git(here, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    git(here, "config", "core.autocrlf", "true")
    git(here, "config", "submodule.x.url", f"ext::touch {tmp_path}/ran")
    (here / ".git/info").mkdir(exist_ok=True)
    (here / ".git/info/attributes").write_text(attributes)
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (here / ".git/hooks").mkdir(exist_ok=True)
        (here / ".git/hooks" / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (here / ".git/hooks" / hook).chmod(0o755)
    there = at(here, tmp_path / "room")
    found = asyncio.run(extract(there, asyncio.run(there.resolve("main")), tmp_path / "room/out"))

    assert found.commit == made
    got = files(tmp_path / "room/out")
    assert {name: got[name] for name in content} == content
    assert not (tmp_path / "ran").exists()
    # The control: git as it is, in that workspace, runs and changes all of it.
    control = archived(here, tmp_path / "control")
    assert "hidden.txt" not in control
    changed = {name for name in content if control.get(name) != text}
    assert changed == set(content)
    assert (tmp_path / "ran").exists()


def test_a_clone_that_would_fetch_what_it_lacks_does_not(tmp_path: Path) -> None:
    origin = empty(tmp_path / "origin")
    made = of(origin, (X, "f", b"far away"))
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(
        tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{origin}", "w"
    )
    here = tmp_path / "w"
    there = at(here, tmp_path / "room")
    with pytest.raises(NotFound, match=r"f: blob [0-9a-f]+ is missing") as gone:
        asyncio.run(extract(there, made, tmp_path / "room/out"))

    assert "--refetch" in str(gone.value.hint)
    assert list((tmp_path / "room").iterdir()) == []
    assert git(here, "cat-file", "blob", f"{made}:f") == "far away", "git would have fetched it"


def _flip(path: Path) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _forge(path: Path) -> None:
    forged = store(path.parents[3], "blob", b"forged")
    other = path.parents[1] / forged[:2] / forged[2:]
    path.unlink()
    other.rename(path)


@pytest.mark.parametrize("harm", [_flip, _forge])
def test_an_object_that_is_damaged_is_a_failure_and_no_source(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    here = empty(tmp_path / "w")
    made = of(here, (X, "f", b"honest" * 10))
    blob = git(here, "rev-parse", "main:f").strip()
    harm(here / ".git/objects" / blob[:2] / blob[2:])
    with pytest.raises(PmError, match=f"(?s)cannot .*{blob}"):
        asyncio.run(extract(at(here, tmp_path / "room"), made, tmp_path / "room/out"))

    assert list((tmp_path / "room").iterdir()) == []


def test_a_source_of_sha256_a_thousand_deep_and_of_odd_names_is_taken(tmp_path: Path) -> None:
    here = empty(tmp_path / "w\nx", "sha256")
    made = imported(here, "d/" * 1000 + r"two\nlines")
    there = at(here, tmp_path / "room")
    found = asyncio.run(extract(there, made, tmp_path / "room/out"))

    assert (found.files, found.bytes, len(found.tree)) == (1, 4, 64)
    path = "d/" * 1000 + "two\nlines"
    top = os.open(tmp_path / "room/out", os.O_RDONLY)
    try:
        with open(os.open(path, os.O_RDONLY, dir_fd=top), "rb") as file:  # noqa: PTH123
            assert file.read() == b"deep"
    finally:
        os.close(top)
    # What deletes a test's files cannot go so deep.
    assert disposal.empty(tmp_path, "room")
    deeper = imported(here, "d/" * 1001 + "f")
    with pytest.raises(PmError, match="directories lie more than 1000 deep"):
        asyncio.run(extract(there, deeper, tmp_path / "room/out"))


@needs_sandbox
def test_a_sealed_daemon_gets_all_of_it_from_another_user_s_unit(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    base = head(here)
    (here / "EVIDENCE.md").write_text("it works\n")
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "Evidence")
    runs = tmp_path / "runs"
    runs.mkdir()
    before = os.umask(0o022)
    try:
        host = hosts.Units(
            "test", runs, path=units.install(tmp_path / "bin", tmp_path / "manager", runs)
        )
        there = Repository(errands=Units(host, runs), workspace=here, room=tmp_path)

        async def scene() -> tuple[str, str, list[str], list[str]]:
            made = await there.resolve("main")
            found = await extract(there, made, tmp_path / "out")
            return (
                found.digest,
                await there.evidence(made),
                [one.path for one in await there.changed(base, made)],
                [one.subject for one in await there.subjects(base, made)],
            )

        digest, *others = asyncio.run(scene())
    finally:
        os.umask(before)
    alone = asyncio.run(extract(at(here, tmp_path / "room"), base, tmp_path / "room/out"))

    assert others == ["it works\n", ["EVIDENCE.md"], ["Evidence"]]
    assert digest == alone.digest, "what is told of a source is no part of it"
    assert list(runs.iterdir()) == []


def test_only_full_ids_are_asked_for(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    there = at(here, tmp_path / "room")
    for name in ("main", "--all", ""):
        with pytest.raises(Refused, match="that is no full id of one"):
            asyncio.run(there.evidence(name))

import asyncio
import importlib.util
import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services.evidence.entries import digest, entries
from tests.house.tree import ROOT
from tests.unit.services.parts import git, hands, needs_sandbox, repository


def packaged() -> Any:
    path = str(ROOT / "packaging" / "contents.py")
    spec = importlib.util.spec_from_loader("contents", SourceFileLoader("contents", path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def source(here: Path, commit: str = "HEAD") -> str:
    async def told() -> str:
        mine = hands(here)
        return await digest(mine, await entries(mine, commit))

    return asyncio.run(told())


@needs_sandbox
def test_the_digest_of_a_commit_is_that_of_its_files_on_the_disk(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    (here / "a b").mkdir()
    (here / "a b" / "ü\nx").write_bytes(bytes(range(256)) * 9000)
    (here / "a-b").write_text("")
    (here / "run").write_text("#!/bin/sh\r\n")
    (here / "run").chmod(0o755)
    (here / "link").symlink_to("a b/ü\nx")
    (here / ".gitattributes").write_text("* text=auto eol=crlf\nrun export-ignore ident\n")
    (here / "EVIDENCE.md").write_text("says nothing\n")
    git(here, "-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "add", "--all")
    git(here, "commit", "--quiet", "--message=more")
    clean = git(here, "show", "HEAD:run")
    (here / "run").write_text(clean)
    names = [
        name for name in git(here, "ls-files", "-z").split("\0") if name not in {"", "EVIDENCE.md"}
    ]

    assert source(here) == packaged().contents(here, names).digest


@needs_sandbox
def test_evidence_and_a_dirty_tree_change_nothing_of_the_digest_and_each_byte_of_the_source_does(
    tmp_path: Path,
) -> None:
    here = repository(tmp_path / "w")
    first = source(here)
    (here / "EVIDENCE.md").write_text("x")
    git(here, "add", "EVIDENCE.md")
    git(here, "commit", "--quiet", "--message=evidence")
    (here / "kept.txt").write_text("dirty")
    (here / "untracked").touch()
    assert source(here) == first
    git(here, "add", "kept.txt")
    assert source(here) == first
    git(here, "commit", "--quiet", "--message=changed")
    second = source(here)
    (here / "kept.txt").chmod(0o755)
    git(here, "commit", "--quiet", "--all", "--message=mode")

    assert len({first, second, source(here)}) == 3


@needs_sandbox
def test_a_submodule_is_refused_by_name(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/lib")
    git(here, "commit", "--quiet", "--message=module")
    with pytest.raises(Refused, match="vendor/lib is a submodule"):
        source(here)


@needs_sandbox
def test_nothing_that_a_repository_configures_is_executed(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")
    mark = tmp_path / "ran"
    for key in (
        "core.fsmonitor",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
    ):
        git(here, "config", key, f"touch {mark}; cat")
    (here / ".gitattributes").write_text("* diff=x filter=x\n")
    assert source(here)
    assert not mark.exists()
    # That it would be, by whoever asks there without care.
    os.system(f"git -C '{here}' -c safe.directory='*' status >/dev/null 2>&1")  # noqa: S605
    assert mark.exists()

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.services import claudecode


def a_cli(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "claude"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_a_path_where_nothing_is_is_no_program(tmp_path: Path) -> None:
    assert claudecode.program(str(tmp_path / "claude")) is None
    assert claudecode.program(str(tmp_path)) is None


def test_a_program_that_does_not_start_or_says_nothing_has_no_version(tmp_path: Path) -> None:
    assert asyncio.run(claudecode.version(tmp_path / "not-there")) == ""
    assert asyncio.run(claudecode.version(a_cli(tmp_path, "exit 1"))) == ""
    assert asyncio.run(claudecode.version(a_cli(tmp_path, "echo hello"))) == ""


def test_a_program_says_its_version(tmp_path: Path) -> None:
    path = a_cli(tmp_path, "echo '2.1.3 (Claude Code)'")
    assert claudecode.program(str(path)) == path
    assert asyncio.run(claudecode.version(path)) == "2.1.3"


def test_who_has_the_sdk_alone_is_told_the_setting_and_not_a_script_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "claude_agent_sdk").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "claude_agent_sdk", raising=False)  # another test's
    assert claudecode.install() == claudecode.INSTALL
    (tmp_path / "claude_agent_sdk/__init__.py").touch()
    importlib.invalidate_caches()
    assert claudecode.install() == claudecode.NAME


def test_the_cli_of_the_sdk_and_its_version_are_found_without_the_sdk() -> None:
    asks = (
        "import sys; from pmrunnerd.services import claudecode as c;"
        "print(c.program(), c.tested(), 'claude_agent_sdk' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    program, tested, imported = done.stdout.split()
    assert program.endswith("/_bundled/claude")
    assert asyncio.run(claudecode.version(Path(program))) == tested
    assert imported == "False"

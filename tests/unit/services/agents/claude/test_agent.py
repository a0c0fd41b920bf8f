"""Claude Code, as the run host knows it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import claudecode
from pmrunnerd.services.agents.claude.agent import Claude
from tests.unit.services.agents.parts import Heard, job


def test_it_works_in_a_sandbox_alone(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it works in a sandbox alone"):
        asyncio.run(Claude().work(job(tmp_path, "do it"), Heard()))


def test_the_sdk_is_imported_by_work_and_not_before() -> None:
    program = (
        "import pmrunnerd.services.agents.registry, sys; print('claude_agent_sdk' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize("missing", ["claude_agent_sdk", "anyio"])
def test_without_the_sdk_it_is_refused_with_what_installs_it(missing: str) -> None:
    program = f"""
import asyncio, importlib.abc, pathlib, sys
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents.claude.agent import Claude
try:
    asyncio.run(Claude().work(None, None))
except Refused as exc:
    print(exc, exc.hint, sep="\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    why, hint = done.stdout.splitlines()
    assert why.startswith(
        f"cannot start Claude Code: it is not installed (No module named '{missing}"
    )
    assert hint == claudecode.INSTALL

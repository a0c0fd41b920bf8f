"""Claude Code, as the run host knows it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
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

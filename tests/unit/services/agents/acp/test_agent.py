"""The agent, as far as it is known without the library of its protocol."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import acpprogram
from pmrunnerd.services.agents.acp.agent import Acp
from tests.unit.services.agents.parts import Heard, job


def test_without_its_library_it_is_refused_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acpprogram, "has_library", lambda: False)

    with pytest.raises(Refused, match="agent-client-protocol is not installed") as refused:
        asyncio.run(Acp().work(job(tmp_path, "do it"), Heard()))
    assert refused.value.hint == "pip install 'pm-runner[acp]'"


def test_whoever_knows_the_agent_has_not_imported_the_library() -> None:
    asks = (
        "import sys, pmrunnerd.services.agents.registry;"
        " print('acp' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"


def test_it_goes_on_with_a_session_and_makes_no_plans() -> None:
    assert (Acp().replays, Acp().plans, Acp().needs_login) == (False, False, False)

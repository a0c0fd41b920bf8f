"""The agent, as far as it is known without the library of its protocol."""

import subprocess
import sys

import pytest

from pmrunnerd.services import acpprogram
from pmrunnerd.services.agents.acp.agent import Acp


@pytest.mark.parametrize("missing", ["acp", "pydantic"])
def test_without_its_library_it_is_refused_with_what_installs_it(missing: str) -> None:
    program = f"""
import asyncio, importlib.abc, sys
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents.acp.agent import Acp
try:
    asyncio.run(Acp().work(None, None))
except Refused as exc:
    print(exc, exc.hint, sep="\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    why, hint = done.stdout.splitlines()
    assert why.startswith("cannot use agent acp: agent-client-protocol is not installed (No module")
    assert hint == acpprogram.INSTALL


def test_whoever_knows_the_agent_has_not_imported_the_library() -> None:
    asks = (
        "import sys, pmrunnerd.services.agents.registry;"
        " print('acp' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"


def test_it_goes_on_with_a_session_and_makes_no_plans() -> None:
    assert (Acp().replays, Acp().plans, Acp().needs_login) == (False, False, False)

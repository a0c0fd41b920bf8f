"""The SDK without `mcp`."""

import subprocess
import sys

PROGRAM = """
import sys
{before}
from pmrunnerd.services.agents.claude.lean import without_mcp
without_mcp()
import pmrunnerd.services.agents.claude.worker
print(type(sys.modules["mcp"]).__name__, "pydantic" in sys.modules)
"""


def said(before: str = "") -> str:
    words = [sys.executable, "-c", PROGRAM.format(before=before)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_the_sdk_is_imported_without_what_it_does_not_need_here() -> None:
    assert said() == "_Absent False\n"


COUNT = "; import claude_agent_sdk, sys; print(*sys.modules)"


def imported(before: str) -> set[str]:
    words = [sys.executable, "-c", before + COUNT]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return set(said.split())


def test_a_run_host_imports_less_than_half_of_what_the_sdk_would() -> None:
    whole = imported("pass")
    lean = imported("from pmrunnerd.services.agents.claude.lean import without_mcp; without_mcp()")

    assert len(lean) * 2 < len(whole), sorted(lean)
    assert not lean & {"pydantic", "httpx", "starlette", "uvicorn", "click", "pygments"}


def test_where_it_is_imported_already_nothing_changes() -> None:
    assert said("import claude_agent_sdk") == "module True\n"
    assert said("import mcp") == "module True\n"

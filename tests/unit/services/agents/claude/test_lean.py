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


def test_where_it_is_imported_already_nothing_changes() -> None:
    assert said("import claude_agent_sdk") == "module True\n"
    assert said("import mcp") == "module True\n"

import subprocess
import sys

import pytest

from tests.house.conftest import Plant
from tests.house.seams import (
    LIBRARIES,
    SPAWNS,
    STARTS,
    SYNCS,
    Seam,
    crossings,
    who_knows_an_agent_s_library,
)
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")


@pytest.mark.parametrize("seam", [SYNCS, STARTS, SPAWNS], ids=lambda seam: seam.what)
def test_what_one_module_may_do_no_other_does(seam: Seam) -> None:
    must_hold(crossings(ROOT, seam))


def test_only_the_agent_of_claude_code_knows_its_sdk() -> None:
    must_hold(who_knows_an_agent_s_library(ROOT))


def test_an_agent_s_library_is_found_in_the_room_of_another(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/services/agents/acp/talk.py": "from acp import schema\n",
            "pmrunnerd/services/agents/claude/talk.py": "import acp.schema\nimport pydantic\n",
        }
    )

    assert [line.partition(",")[0] for line in who_knows_an_agent_s_library(root)] == [
        "pmrunnerd/services/agents/claude/talk.py: imports acp",
        "pmrunnerd/services/agents/claude/talk.py: imports pydantic",
    ]


def test_a_daemon_that_imports_the_sdk_is_found_wherever_it_does(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/services/agents/claude/worker.py": "from claude_agent_sdk import query\n",
            "pmrunnerd/engine/planner.py": "def plan():\n    import claude_agent_sdk.types\n",
        }
    )

    (found,) = who_knows_an_agent_s_library(root)
    assert found.startswith("pmrunnerd/engine/planner.py: imports claude_agent_sdk")


def test_a_daemon_with_all_its_rooms_has_not_imported_the_sdk() -> None:
    asks = (
        "import sys, pmrunnerd.house, pmrunnerd.api.routes; print({*sys.argv[1:]} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", asks, *LIBRARIES], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "line",
    ["os.fsync(3)", "os.fdatasync(3)", "from os import fdatasync", "libc.fsync(3)", "os.sync()"],
)
def test_a_second_place_that_syncs_is_found(plant: Plant, line: str) -> None:
    root = plant({"pmrunnerd/store/durable.py": line, "pmrunnerd/store/journal.py": line})

    (found,) = crossings(root, SYNCS)
    assert found.startswith("pmrunnerd/store/journal.py:1: syncs to the disk")


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess",
        "from subprocess import run",
        "from multiprocessing.pool import Pool",
        "import daemon.pidfile",
        "os.fork()",
        "os.execvpe('sh', [], {})",
        "os.posix_spawn",
        "from os import system",
        "asyncio.create_subprocess_exec('sh')",
        "asyncio.get_running_loop().subprocess_shell(None, 'sh')",
    ],
)
def test_a_second_place_that_starts_processes_is_found(plant: Plant, line: str) -> None:
    root = plant({"pmrunnerd/services/process.py": line, "pmrunnerd/engine/loop.py": line})

    (found,) = crossings(root, STARTS)
    assert found.startswith("pmrunnerd/engine/loop.py:1: starts a process")


@pytest.mark.parametrize(
    "line",
    [
        "asyncio.create_task(x())",
        "asyncio.ensure_future(x())",
        "from asyncio import create_task",
        "loop.create_task(x())",
        "self._loop.create_task(x())",
        "asyncio.get_running_loop().create_task(x())",
    ],
)
def test_a_task_without_a_group_is_found(plant: Plant, line: str) -> None:
    root = plant({"pmrunnerd/engine/loop.py": line})

    (found,) = crossings(root, SPAWNS)
    assert found.startswith("pmrunnerd/engine/loop.py:1: makes a task of asyncio")


@pytest.mark.parametrize("line", ["house.create_task(x())", "self._group.create_task(x())"])
def test_a_task_of_a_group_is_fine(plant: Plant, line: str) -> None:
    assert crossings(plant({"pmrunnerd/engine/loop.py": line}), SPAWNS) == []

import os
import subprocess
import sys
from pathlib import Path

from pmrunnerd.runhost.telling import fields
from pmrunnerd.services.rundir import RunDirectory
from tests.unit.services.parts import spec

SAYS = """
import logging, os, sys
from pathlib import Path
from pmrunnerd.runhost.telling import configure
from pmrunnerd.services.rundir import RunDirectory
configure(RunDirectory(Path("/runs/r1-4f2a")), os.environ)
logging.getLogger("a").warning("it is full")
"""


def test_entries_name_the_run_its_task_and_its_project(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r1-4f2a")
    run.write_spec(spec(tmp_path))
    assert fields(run) == {
        "SYSLOG_IDENTIFIER": "pm-runner-run",
        "PMRUNNER_RUN": "r1-4f2a",
        "PMRUNNER_ENV": "dev",
        "PMRUNNER_PROJECT": "demo",
        "PMRUNNER_TASK": "t1",
    }


def test_where_there_is_no_spec_the_run_is_named_all_the_same(tmp_path: Path) -> None:
    known = {"SYSLOG_IDENTIFIER": "pm-runner-run", "PMRUNNER_RUN": "r1-4f2a"}
    run = RunDirectory(tmp_path / "r1-4f2a")
    assert fields(run) == known
    run.path.mkdir()
    run.spec.write_text("half a sp")
    assert fields(run) == known


def test_a_standard_error_that_is_no_journal_gets_lines_whatever_was_inherited() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS],
        env=os.environ | {"JOURNAL_STREAM": "8:1", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.endswith("WARNING it is full\n")

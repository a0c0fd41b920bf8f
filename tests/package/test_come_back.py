"""What stands between systemd and the launcher where a release is on trial: two scripts, and the lines that call them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.house.units import directives

UNITS = [f"pm-runner{kind}@prod.{of}" for kind, of in (("", "service"), ("", "socket"))]
UNITS += ["pm-runner-read@prod.socket", "pm-runner-web@prod.socket"]
# In the place of the launcher, and of systemctl: it says how it was called.
PROGRAM = """#!/bin/sh
echo "${0##*/} $*"
exit %s
"""


class Scripts:
    """The scripts beside a launcher that ends with some status, and with a systemctl of ours."""

    def __init__(self, directory: Path, status: int) -> None:
        self.directory = directory
        for name in ("come-back", "on-trial"):
            shutil.copy(ROOT / "systemd" / name, directory)
        for name, ends in (("launch", status), ("systemctl", 0)):
            (directory / name).write_text(PROGRAM % ends)
            (directory / name).chmod(0o755)

    def run(self, *words: str, **said: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.directory / words[0], *words[1:]],
            env={"PATH": f"{self.directory}:{os.defpath}"} | said,
            capture_output=True,
            text=True,
            check=False,
        )


def test_what_is_back_is_started_and_the_starts_of_the_other_are_forgotten_first(
    tmp_path: Path,
) -> None:
    done = Scripts(tmp_path, 0).run("come-back", "prod")

    assert done.stdout.splitlines() == [
        "launch return prod",
        f"systemctl reset-failed {' '.join(UNITS)}",
        f"systemctl restart {UNITS[0]}",
    ]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("monitored", "status"),
    [
        ({"MONITOR_UNIT": "pm-runner@prod", "MONITOR_SERVICE_RESULT": "exit-code"}, 0),
        ({"SERVICE_RESULT": "exit-code"}, 0),
        ({"MONITOR_UNIT": "pm-runner@prod", "MONITOR_SERVICE_RESULT": "success"}, 10),
        ({}, 10),
    ],
)
def test_where_nothing_is_on_trial_nothing_is_started_and_only_a_person_is_told_no(
    tmp_path: Path, monitored: dict[str, str], status: int
) -> None:
    done = Scripts(tmp_path, 10).run("come-back", "prod", **monitored)

    assert done.stdout == "launch return prod\n"
    assert (done.returncode, done.stderr) == (status, "  hint: journalctl -u pm-runner@prod\n")


@pytest.mark.parametrize("result", ["success", "signal", "watchdog"])
def test_who_promotes_and_has_ended_or_is_started_again_leaves_what_is_on_trial(
    tmp_path: Path, result: str
) -> None:
    done = Scripts(tmp_path, 0).run("come-back", "prod", SERVICE_RESULT=result)

    assert (done.returncode, done.stdout) == (0, "")


def test_a_return_that_cannot_be_is_a_failure(tmp_path: Path) -> None:
    done = Scripts(tmp_path, 30).run("come-back", "prod")

    assert (done.returncode, done.stdout) == (30, "launch return prod\n")


def test_without_a_trial_no_python_is_started(tmp_path: Path) -> None:
    done = Scripts(tmp_path, 3).run("on-trial", "count", "nobody")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ('{"format": 1, "state": "confirmed", "why": ""}', False),
        ('{"format": 1, "state": "returned", "why": "ended"}\n', False),
        ('{"format": 1, "state": "open", "why": ""}', True),
        ('{"format": 1, "state": "open", "why": "\\"state\\": \\"returned\\""}', True),
        ("", True),
        ("\n", True),
        ("{", True),
    ],
)
def test_what_is_not_certainly_over_the_launcher_looks_at(
    tmp_path: Path, text: str, looks: bool
) -> None:
    scripts = Scripts(tmp_path, 0)
    script = tmp_path / "on-trial"
    script.write_text(script.read_text().replace("/var/lib/pm-runner", str(tmp_path)))
    (tmp_path / "promote/prod").mkdir(parents=True)
    (tmp_path / "promote/prod/trial.json").write_text(text)

    done = scripts.run("on-trial", "count", "prod")

    assert (done.returncode, done.stdout) == (0, "launch count prod\n" if looks else "")


def test_each_start_is_counted_before_it_and_each_end_is_judged_before_anything_else() -> None:
    said = directives(ROOT / "systemd/pm-runner@.service")
    of = {key: [value for known, value in said if known == key] for key, _ in said}

    assert of["ExecStartPre"][0] == "-+/usr/lib/pm-runner/on-trial count %i"
    assert of["ExecStopPost"] == ["+/usr/lib/pm-runner/close-sockets %i"]
    script = (ROOT / "systemd/close-sockets").read_text().splitlines()
    done = [line for line in script if not line.startswith(("#", "set "))]
    assert '"${0%/*}/on-trial" ended "$1" || true' in done[0]
    assert of["OnFailure"] == ["pm-runner-rollback@%i.service"]

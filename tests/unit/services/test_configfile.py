import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.configfile import check
from tests.house.tree import ROOT

HOOK = Settings(notify_webhook="https://hooks.example.org/x")
AS_A_STRANGER = """
import os, sys
from pathlib import Path
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Settings
from pmrunnerd.services.configfile import check
os.setgroups([])
os.setgid(45678)
os.setuid(45678)
found = check(Path(sys.argv[1]), "none", Settings(), BadRequest("cannot read it"))
print(found.state, found.found)
"""


def test_a_secret_that_everybody_can_read_is_a_warning_with_what_closes_it(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"
    file.write_text("")
    file.chmod(0o644)
    found = check(file, "none", HOOK)
    assert found is not None
    assert (found.state, found.hint) == ("warning", f"sudo chmod 0600 {file}")
    assert found.found.endswith("can be read by everybody, runs among them, and has notify.webhook")

    without = check(file, "none", Settings())
    file.chmod(0o640)
    closed = check(file, "none", HOOK)
    assert without is not None
    assert closed is not None
    assert (without.state, closed.state) == ("ok", "ok")


def test_what_is_wrong_with_it_is_a_problem_in_the_words_of_who_read_it(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"
    file.write_text("")
    found = check(file, "none", Settings(), BadRequest("cannot use it", hint="do that"))
    assert found is not None
    assert (found.state, found.found, found.hint) == ("problem", "cannot use it", "do that")


def test_no_file_is_nothing_to_say(tmp_path: Path) -> None:
    assert check(tmp_path / "none.toml", "none", Settings()) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_file_that_is_closed_to_who_looks_is_no_problem() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_A_STRANGER, "/etc/shadow"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ok /etc/shadow, which you may not read\n"

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.logins import Login
from pmrunnerd.model.settings import Settings
from pmrunnerd.services import claudecode, credentials, fitness, trial
from pmrunnerd.services.credentials import Stored

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CLI = Path("/opt/claude")


def logged_in(state: Path, **kept: str) -> Path:
    place = credentials.file(state, "claude")
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"kind": "token", "secret": "sk-ant-oat01-hush"} | kept))
    return place


def looked(state: Path, settings: Settings, *, tries: bool = False) -> dict[str, Check]:
    found = asyncio.run(fitness.checks(state, settings, tries=tries))
    return {check.name: check for check in found}


@pytest.mark.parametrize(
    ("found", "named", "version", "state", "says"),
    [
        (None, "", "", "problem", "Claude Code is not installed"),
        (None, "/opt/x", "", "problem", "/opt/x is no program (agent.claude.path)"),
        (CLI, "", "", "problem", "does not start"),
        (CLI, "", "2.9.9", "warning", "2.9.9, and this release was tested with 2.1.0"),
        (CLI, "", "2.1.0", "ok", "2.1.0, /opt/claude"),
    ],
)
def test_each_thing_that_can_be_wrong_with_the_program_is_told_apart(
    found: Path | None, named: str, version: str, state: str, says: str
) -> None:
    check = fitness.program(found, named, version, "2.1.0")
    assert check.state == state
    assert says in check.found
    assert bool(check.hint) is (state != "ok")


def test_who_named_another_version_is_told_how_to_come_by_the_one_that_was_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = fitness.program(CLI, str(CLI), "2.9.9", "2.1.0")
    assert other.hint == claudecode.OWN, "installing it would change nothing: another one is named"
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "claude_agent_sdk", raising=False)  # another test's
    other = fitness.program(CLI, str(CLI), "2.9.9", "2.1.0")
    assert other.hint.startswith("npm install -g @anthropic-ai/claude-code@2.1.0 ")


def test_what_confines_commands_is_named_by_package() -> None:
    missing = fitness.surroundings(["bwrap", "socat"])
    assert missing.state == "problem"
    assert missing.hint == "sudo apt-get install bubblewrap socat"
    assert fitness.surroundings([]).state == "ok"


def test_a_login_that_is_missing_or_expired_is_a_problem_and_is_not_shown(tmp_path: Path) -> None:
    _, missing = fitness.login(tmp_path, NOW)
    assert isinstance(missing, Check)
    assert "not logged in" in missing.found
    logged_in(tmp_path, expires="2026-01-01T00:00:00.000Z")
    _, expired = fitness.login(tmp_path, NOW)
    assert isinstance(expired, Check)
    assert "expired at 2026-01-01" in expired.found
    assert "hush" not in repr(expired)


def test_a_login_that_is_there_is_ok_and_is_not_shown(tmp_path: Path) -> None:
    logged_in(tmp_path, expires="2999-01-01T00:00:00.000Z")
    found = looked(tmp_path, Settings())["claude login"]
    assert (found.state, found.found) == ("ok", "a token, good until 2999-01-01T00:00:00.000Z")


# An audit hook is for the rest of a process's life, so it has one of its own.
COUNTED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pmrunnerd.services import credentials, fitness, trial
from pmrunnerd.services.credentials import Stored
state, opened = Path(sys.argv[1]), []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
kept, known = fitness.login(state, datetime.now(UTC))
print(kept.kind, opened.count(str(credentials.file(state, "claude"))))
"""


def test_its_kind_and_what_is_handed_on_are_of_one_reading(tmp_path: Path) -> None:
    logged_in(tmp_path)
    counted = [sys.executable, "-c", COUNTED, str(tmp_path)]
    assert subprocess.run(counted, capture_output=True, text=True, check=True).stdout == "token 1\n"


def test_nothing_is_tried_where_it_could_not_work(tmp_path: Path) -> None:
    found = looked(tmp_path, Settings(), tries=True)["claude request"]
    assert (found.state, found.found) == ("problem", "not tried: see above")
    assert found.hint == "pmrunnerctl agent login claude"
    logged_in(tmp_path)
    named = Settings(agent_claude_path=str(tmp_path / "not-there"))
    assert looked(tmp_path, named, tries=True)["claude request"].found == "not tried: see above"


def test_what_no_project_needs_is_at_most_a_warning(tmp_path: Path) -> None:
    found = asyncio.run(fitness.checks(tmp_path, Settings(), needed=False))
    assert {check.state for check in found} <= {"ok", "warning"}


def test_somebody_means_to_use_it_who_installed_named_or_logged_in(tmp_path: Path) -> None:
    assert fitness.is_wanted(tmp_path, Settings())  # it is installed to test with
    assert fitness.is_wanted(tmp_path, Settings(agent_claude_path="/opt/claude"))


def test_a_persons_own_login_that_is_refused_is_renewed_and_not_replaced() -> None:
    refused = Check(name=trial.NAME, state="problem", found="401", hint=trial.LOGIN)
    own = Stored(kind=Login.OWN, path="/home/anna/.claude/.credentials.json")
    assert fitness.for_its_owner(refused, own).hint.startswith("claude   # renews the login")
    assert fitness.for_its_owner(refused, Stored(kind=Login.TOKEN, secret="x")) == refused

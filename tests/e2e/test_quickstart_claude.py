"""packaging/quickstart --claude: Claude Code is installed beside the runner, and logging in is said."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.checkouts import Environ, copy_to, environ, offline, quickstart
from tests.e2e.test_quickstart import listen_as_daemon

# It shares the cache of what is installed with the other tests of quickstart.
pytestmark = pytest.mark.xdist_group("quickstart")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Environ]:
    """A checkout after its first `packaging/quickstart --claude --install-only`."""
    place = tmp_path_factory.mktemp("claude")
    env = environ(place / "tools", "uv") | {"HOME": str(place)}
    env.pop("CLAUDE_CONFIG_DIR", None)
    checkout = copy_to(place / "checkout")
    answer = quickstart(checkout, env, "--agent", "claude", "--install-only")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("Claude Code is 168 MB to download and 400 MB on the disk\n")
    return checkout, env


def test_an_agent_that_there_is_not_is_refused(tmp_path: Path) -> None:
    answer = quickstart(copy_to(tmp_path / "c"), environ(tmp_path / "t", "uv"), "--agent=codex")
    assert answer.returncode == 2
    assert "there is no agent 'codex'" in answer.stderr


def test_claude_code_is_installed_by_hash_and_kept_by_whoever_starts_without_it(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    asks = "from pmrunnerd.services import claudecode as c; print(c.program(), c.tested())"
    done = subprocess.run(
        [checkout / ".venv/bin/python", "-c", asks], capture_output=True, text=True, check=True
    )
    program, tested = done.stdout.split()
    assert program.startswith(str(checkout / ".venv"))
    assert tested
    again = quickstart(checkout, offline(env), "--install-only")
    assert again.returncode == 0, again.stderr
    assert "making .venv" not in again.stdout
    assert Path(program).exists()


def test_where_it_runs_in_the_background_already_nothing_is_left_to_do(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    with listen_as_daemon(checkout):
        again = quickstart(checkout, offline(env), "--claude", "--detach")
        kept = quickstart(checkout, offline(env), "--detach")
    (checkout / "state/control.sock").unlink()

    for answer in (again, kept):
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.startswith("pm-runner runs here already, as pid ")
        assert "pmrunnerctl agent login" in answer.stdout


def test_what_confines_its_commands_is_asked_for_by_package(
    installed: tuple[Path, Environ], tmp_path: Path
) -> None:
    checkout, env = installed
    for name in ("bash", "dirname", "sed", "sha256sum", "cat", "cut", "python3", "chmod", "uv"):
        found = subprocess.run(
            ["sh", "-c", f"command -v {name}"], env=env, capture_output=True, text=True, check=False
        )
        if found.stdout.strip():
            tmp_path.joinpath(name).symlink_to(found.stdout.strip())
    bare = offline(env) | {"PATH": str(tmp_path)}
    answer = quickstart(checkout, bare, "--claude", "--install-only")
    assert answer.returncode == 0, answer.stderr
    assert "sudo apt-get install bubblewrap socat" in answer.stdout


def test_ones_own_login_is_offered_where_there_is_one_and_what_that_means_is_said(
    installed: tuple[Path, Environ],
) -> None:
    checkout, env = installed
    path = env["PATH"].split(":")
    env = env | {"PATH": ":".join(one for one in path if not Path(one, "claude").exists())}

    def said() -> str:
        started = quickstart(checkout, env, "--claude", "--detach", "--port", "0")
        subprocess.run(
            [checkout / ".venv/bin/pmrunnerctl", "stop"], cwd=checkout, check=True, env=env
        )
        assert started.returncode == 0, started.stderr
        return started.stdout.partition("Next:")[2]

    without = said()
    assert "--own" not in without
    bundled = "site-packages/claude_agent_sdk/_bundled/claude setup-token"
    assert bundled in without
    assert without.index("claude setup-token") < without.index("pmrunnerctl agent login")
    assert "pmrunnerctl project add demo DIR --agent claude" in without
    assert not re.search(r"\S#", without), "a shell takes a # for a comment after a space alone"
    own = Path(env["HOME"]) / ".claude" / ".credentials.json"
    own.parent.mkdir()
    own.write_text(json.dumps({"claudeAiOauth": {"accessToken": "sk-ant-oat01-hush"}}))
    offered = said()
    assert f"pmrunnerctl agent login --own           # your own login, {own}" in offered
    assert "each run reads the access token that is good then, and nothing else of it" in offered
    assert "hush" not in offered

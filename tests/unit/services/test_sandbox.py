import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.errand import Confinement
from pmrunnerd.model.errors import Refused
from pmrunnerd.services import sandbox
from pmrunnerd.services.guard import Guarded
from pmrunnerd.services.sandbox import Sandbox
from tests.unit.services.parts import needs_sandbox

HERE = Path("/srv/workspace")
BOX = Sandbox(bwrap="/usr/bin/bwrap", machine=("--proc", "/proc"), workspace=HERE)


def test_only_the_workspace_can_be_written() -> None:
    argv = BOX.argv(["true"], {})

    binds = [argv[at + 1] for at, word in enumerate(argv) if word in {"--bind", "--dev-bind"}]
    assert binds == [str(HERE)]
    # Last of the mounts, or what comes after could be written.
    assert argv[argv.index("--remount-ro") + 1 :] == ["/", "--chdir", str(HERE), "--", "true"]


def test_a_sandbox_that_only_looks_can_write_nothing() -> None:
    looking = Sandbox(bwrap="bwrap", machine=(), workspace=HERE, writable=False)

    assert "--bind" not in looking.argv(["true"], {})


def test_a_sandbox_for_the_history_can_write_that_alone() -> None:
    config = HERE / ".git/config"
    looking = replace(BOX, writable=False, history=True, guarded=(Guarded(config),))
    argv = looking.argv(["true"], {})

    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--bind"] == [f"{HERE}/.git"]
    assert argv.index(f"{HERE}/.git") < argv.index(str(config))


@pytest.mark.parametrize(
    "wall",
    ["user", "pid", "ipc", "uts", "net"],
)
def test_every_namespace_is_its_own(wall: str) -> None:
    assert f"--unshare-{wall}" in BOX.argv(["true"], {})


def test_it_dies_with_us_and_has_no_capability_terminal_or_variable_of_ours() -> None:
    argv = BOX.argv(["true"], {"A": "b c"})

    assert {"--die-with-parent", "--new-session", "--clearenv"} <= set(argv)
    assert argv[argv.index("--cap-drop") + 1] == "ALL"
    assert argv[argv.index("--setenv") :][:3] == ["--setenv", "A", "b c"]


def test_a_command_that_looks_like_an_option_stays_a_command() -> None:
    assert BOX.argv(["--bind", "/", "/"], {})[-4:] == ["--", "--bind", "/", "/"]


@pytest.mark.parametrize(
    ("workspace", "why"),
    [
        ("/", "lies in it"),
        ("/srv", "lies in it"),
        ("/srv/state", "lies in it"),
        ("/srv/state/runs/r1", "it lies in"),
        ("/usr", "would be an agent's to change"),
        ("/home", "would be an agent's to change"),
        ("/proc/self/cwd", "is another one inside"),
        ("/run/pm-agent/x", "is another one inside"),
    ],
)
def test_a_workspace_that_would_show_or_be_too_much_is_refused(workspace: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        sandbox.check(Path(workspace), [Path("/srv/state")])


@pytest.mark.parametrize("workspace", ["/srv/workspace", "/tmp/w", "/home/anna/w", "/srv/state2"])
def test_a_workspace_beside_what_must_not_be_seen_is_fine(workspace: str) -> None:
    sandbox.check(Path(workspace), [Path("/srv/state")])


@needs_sandbox
def test_a_probe_really_starts_one() -> None:
    assert asyncio.run(sandbox.probe()) == Confinement(ok=True)


def _probe_with(bwrap: str, directory: Path) -> str:
    (directory / "bwrap").write_text(bwrap)
    (directory / "bwrap").chmod(0o755)
    script = (
        "import asyncio; from pmrunnerd.services import sandbox as s\n"
        "c = asyncio.run(s.probe()); print(c.ok, c.reason, c.hint, sep='|')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": f"{directory}:/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_sandbox_that_cannot_start_says_why_and_what_to_do(tmp_path: Path) -> None:
    said = "bwrap: setting up uid map: Permission denied"
    found = _probe_with(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n", tmp_path)

    assert found.startswith(f"False|{said}|")
    assert "apparmor_restrict_unprivileged_userns" in found
    assert "--unconfined" in found


@pytest.mark.parametrize(
    ("found", "unconfined", "shown"),
    [
        (Confinement(ok=True), True, "bubblewrap"),
        (Confinement(ok=False, reason="no bwrap"), True, "UNCONFINED"),
        (
            Confinement(ok=False, reason="no bwrap"),
            False,
            "none: no bwrap; runs are refused",
        ),
    ],
)
def test_how_agents_run_here_is_shown_in_a_word_and_why_they_do_not(
    found: Confinement, unconfined: bool, shown: str
) -> None:
    assert found.shown(unconfined=unconfined) == shown


def test_a_sandbox_that_starts_without_a_word_and_fails_is_no_sandbox(tmp_path: Path) -> None:
    assert _probe_with("#!/bin/sh\nexit 1\n", tmp_path).startswith("False|bubblewrap did not start")


def test_a_machine_without_bubblewrap_is_told_the_package(tmp_path: Path) -> None:
    script = (
        "import asyncio; from pmrunnerd.services import sandbox as s\n"
        "print(asyncio.run(s.probe()).hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path), "PYTHONPATH": os.fspath(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "sudo apt-get install bubblewrap\n"

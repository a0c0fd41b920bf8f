"""The package on a real systemd: installed, upgraded, removed, installed again, purged."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.ground import Ground
from tests.system.host import Host

QUIETLY = {"DEBIAN_FRONTEND": "noninteractive"}
# What dpkg unpacks need not survive a power cut here.
UNSAFE = "--force-unsafe-io"
DIST = "/opt/pm-runner/prod/dist"
STATE = "/var/lib/pm-runner/state/prod"
UNIT = "pm-runner@prod.service"


@pytest.fixture(scope="module")
def newer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package, one version later: as a change of the daemon would make it."""
    top = tmp_path_factory.mktemp("newer") / "top"
    subprocess.run(["dpkg-deb", "--raw-extract", package, top], check=True)
    for name in ("DEBIAN/control", "usr/share/pm-runner/source/pmrunnerd/__init__.py"):
        path = top / name
        path.write_text(path.read_text().replace("0.1.0", "0.1.1"))
    (top / "usr/share/pm-runner/source.digest").write_text(f"{1:064x}\n")
    made = top.with_name(package.name.replace("0.1.0", "0.1.1"))
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", top, made], check=True)
    return made


@pytest.fixture(scope="module")
def host(bare: Host, package: Path) -> Iterator[Host]:
    """The host without the package, and without it afterwards, too."""
    # Whoever looks for pages of the manual by words there may wait: it is seconds for each dpkg.
    bare.run("rm", "--force", "/var/lib/man-db/auto-update")
    install(bare, package)
    yield bare
    Ground(bare).plain(UNIT)
    bare.run("dpkg", "--purge", "pm-runner")


def install(host: Host, package: Path) -> None:
    """Install a package as an operator does, with no network."""
    command = ("apt-get", "install", "--yes", f"--option=Dpkg::Options::={UNSAFE}")
    host.run(*command, bring(host, package), env=QUIETLY, timeout=120)


def bring(host: Host, package: Path) -> Path:
    there = Path("/var/cache") / package.name
    shutil.copyfile(package, host.root / there.relative_to("/"))
    return there


def upgrade(host: Host, package: Path) -> str:
    """Install a newer one; return what is said."""
    command = ("dpkg", UNSAFE, "--install", bring(host, package))
    return host.run(*command, env=QUIETLY, timeout=120).stdout


def started(host: Host) -> str:
    """Have prod running; return its main process."""
    host.run("systemctl", "start", UNIT)
    return said(host, "systemctl", "show", "--property=MainPID", "--value", UNIT)


def said(host: Host, *argv: str) -> str:
    return host.run(*argv).stdout.strip()


def release(host: Host) -> str:
    return said(host, "readlink", DIST)


def is_there(host: Host, *paths: str) -> list[str]:
    return [path for path in paths if host.run("test", "-e", path, check=False).returncode == 0]


def test_installing_it_and_starting_prod_is_all(host: Host) -> None:
    started(host)

    assert "prod" in said(host, "pmrunnerctl", "status")
    assert f"release  {Path(release(host)).name}" in said(host, "pmrunnerctl", "status")
    assert said(host, "pmrunnerctl", "--version") == said(host, "pmrunnerd", "--version").replace(
        "pmrunnerd", "pmrunnerctl"
    )
    assert said(host, "/usr/lib/pm-runner/launch", "verify", "prod") == ""


def test_each_user_owns_what_is_theirs(host: Host) -> None:
    owners = {
        "/opt/pm-runner/prod/releases": "755 root root",
        "/opt/pm-runner/dev/src": "755 pm-agent pm-agent",
        "/srv/pm-runner/projects": "755 pm-agent pm-agent",
        "/srv/pm-runner/dev": "755 pm-agent pm-agent",
        "/var/lib/pm-runner/state/dev": "700 pm-runner-dev pm-runner-dev",
        "/var/lib/pm-runner/runs/prod": "3750 pm-runner-prod pm-run",
        "/var/lib/pm-runner/secrets/prod": "700 pm-agent pm-agent",
        "/etc/pm-runner/prod.toml": "640 root pm-runner-prod",
        "/etc/pm-runner/dev.toml": "640 root pm-runner-dev",
    }

    found = said(host, "stat", "--format=%n=%a %U %G", *owners)

    assert dict(line.split("=") for line in found.splitlines()) == owners
    assert said(host, "id", "--name", "--groups", "pm-agent") == "pm-agent"
    assert said(host, "getent", "group", "pm-run").endswith(":")


def test_a_shell_completes_what_can_be_typed_next(host: Host) -> None:
    typed = (
        "source /usr/share/bash-completion/completions/pmrunnerctl",
        "COMP_WORDS=(pmrunnerctl sta) COMP_CWORD=1",
        "_pmrunnerctl_completion pmrunnerctl",
        'echo "${COMPREPLY[@]}"',
    )

    assert said(host, "bash", "-c", "\n".join(typed)).split() == ["status", "start", "state"]


def test_an_upgrade_leaves_what_runs_as_it_is_and_says_how_to_switch(
    host: Host, newer: Path
) -> None:
    ground = Ground(host)
    ground.begin()
    run = ground.say(ground.project("cake"), "echo begun; sleep 1000")
    ground.said(run, "begun")
    process, before, unit = started(host), release(host), ground.unit(run, "InvocationID")

    words = upgrade(host, newer)

    assert started(host) == process
    assert ground.unit(run, "InvocationID") == unit
    assert ground.unit(run, "ActiveState") == ["active"]
    assert release(host) == before
    (built,) = said(host, "find", "/opt/pm-runner/prod/releases", "-name", "0.1.1-*").splitlines()
    assert f"  hint: pmrunnerctl promote --release {Path(built).name}\n" in words


def test_what_was_made_for_its_systemd_and_its_python_is_made_again_when_these_change(
    host: Host,
) -> None:
    """As an upgrade of Debian does, with a systemd that is older than one of our links says."""
    ours = "/etc/systemd/system/pm-runner@.service.d"
    stale, mine = f"{ours}/pm-runner-999-walls.conf", f"{ours}/mine.conf"
    host.run("mkdir", "--parents", ours)
    host.run("ln", "-s", "/usr/share/pm-runner/drop-ins-999/walls.conf", stale)
    host.run("touch", mine)
    host.run("rm", "/opt/pm-runner/dev/dist")
    for file in ("/usr/lib/systemd/systemd", "/usr/bin/python3"):
        host.run("dpkg-trigger", "--by-package=base-files", file)
    host.run("dpkg", "--configure", "--pending", timeout=120)

    found = said(host, "find", ours, "-name", "*.conf").splitlines()
    host.run("rm", mine)

    assert stale not in found
    assert mine in found
    assert is_there(host, "/opt/pm-runner/dev/dist") != []


def test_removed_it_stops_and_comes_back_with_its_state(host: Host, newer: Path) -> None:
    started(host)
    before = release(host)
    journal = said(host, "cat", f"{STATE}/journal/00000001.jsonl")

    host.run("dpkg", "--remove", "pm-runner")

    assert host.run("pgrep", "--full", "pm-runner/launch", check=False).stdout == ""
    assert Ground(host).asleep() == []
    assert (
        is_there(host, "/usr/lib/pm-runner", "/usr/bin/pmrunnerctl", "/usr/share/pm-runner") == []
    )
    assert said(host, "cat", f"{STATE}/journal/00000001.jsonl").startswith(journal)

    upgrade(host, newer)
    started(host)

    assert release(host) == before
    assert [row["alias"] for row in Ground(host).rows()][-1:] == ["cake"]


def test_purged_it_leaves_workspaces_and_backups_and_nothing_else(host: Host) -> None:
    started(host)
    copied = "/var/lib/pm-runner-as-it-was"
    mine = ("/srv/pm-runner/projects/mine", "/var/lib/pm-runner/backup/mine", copied)
    host.run("mkdir", "--parents", *mine)
    host.run("systemctl", "enable", UNIT)
    # The run that was parked when the package was removed.
    host.wait(Ground(host).asleep)

    host.run("dpkg", "--purge", "pm-runner")

    assert Ground(host).asleep() == []

    theirs = ("state", "runs", "secrets")
    homes = ("/opt/pm-runner", "/etc/pm-runner", "/run/pm-runner")
    assert is_there(host, *homes, *(f"/var/lib/pm-runner/{name}" for name in theirs)) == []
    assert is_there(host, *mine) == [*mine]
    assert said(host, "find", "/etc/systemd/system", "-name", "pm-runner*") == ""
    assert said(host, "systemctl", "list-units", "--no-legend", "pm-runner*") == ""
    host.run("rm", "-r", "/srv/pm-runner", "/var/lib/pm-runner", copied)

"""The Debian package as a file: what is in it, how large it is, what lintian says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pmrunnerd import __version__
from tests.house.tree import ROOT
from tests.package.conftest import Package
from tests.package.once import build

pytestmark = pytest.mark.xdist_group("package")


def test_two_builds_of_one_source_are_one_package(package: Package, tmp_path: Path) -> None:
    build(tmp_path)

    assert (tmp_path / package.path.name).read_bytes() == package.path.read_bytes()


def test_it_is_small_and_says_so(package: Package) -> None:
    (found,) = re.findall(
        r"^installed +([0-9.]+) MiB, of 60 at most$", package.report, re.MULTILINE
    )

    assert float(found) <= 60
    assert re.search(r"^package +[0-9.]+ MiB in [0-9]+ files$", package.report, re.MULTILINE)


def test_every_python_of_every_system_has_its_wheels(package: Package) -> None:
    ours = {"cp311", "cp312", "cp313"}
    found: dict[str, set[str]] = {}
    for wheel in package.wheels:
        name, _, python, abi, _ = wheel.removesuffix(".whl").split("-")
        found.setdefault(name, set()).update([python] if abi.startswith("cp") else ours)

    assert {name: tags for name, tags in found.items() if tags != ours} == {}
    assert {"msgspec", "click", "claude_agent_sdk", "sdnotify"} <= found.keys()


def test_what_systemd_reads_is_what_stands_in_the_room(package: Package) -> None:
    there = package.top / "usr/lib/systemd/system"
    kinds = {".service", ".socket", ".slice", ".timer"}
    units = [path for path in (ROOT / "systemd").glob("pm-runner*.*") if path.suffix in kinds]

    assert units
    assert {path.name for path in units} <= {path.name for path in there.iterdir()}
    assert all((there / path.name).read_bytes() == path.read_bytes() for path in units)


def test_what_it_has_below_etc_is_an_administrator_s_to_change(package: Package) -> None:
    said = subprocess.run(
        ["dpkg-deb", "--info", package.path, "conffiles"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    there = [path for path in package.top.glob("etc/**/*") if path.is_file()]
    assert said.splitlines() == [f"/{path.relative_to(package.top)}" for path in there]


def test_no_upgrade_of_a_library_starts_a_run_again(package: Package) -> None:
    """As needrestart reads its files, and then looks for each unit of which a process has an old library."""
    (file,) = package.top.glob("etc/needrestart/conf.d/*.conf")
    script = """
        our %nrconf; defined(do shift @ARGV) or die $@ || $!;
        for my $unit (@ARGV) {
            print "$unit\n" if grep { $unit =~ /$_/ && !$nrconf{override_rc}{$_} } keys %{$nrconf{override_rc}};
        }
    """
    kinds = ("run", "gate", "gatenet", "gatehost", "prepare", "notify", "fetch", "build")
    kept = [f"pm-runner-{kind}@prod-r1.service" for kind in kinds]
    said = subprocess.run(
        ["perl", "-e", script, file, *kept, "pm-runner@prod.service"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.splitlines() == kept


def test_there_is_a_page_of_the_manual_for_everything(package: Package) -> None:
    pages = {path.name for path in package.top.glob("usr/share/man/*/*")}

    assert pages == {
        "pmrunnerctl.1.gz",
        "pm-runner.toml.5.gz",
        "pm-runner.8.gz",
        "pmrunnerd.8.gz",
        "pm-runner@.service.8.gz",
    }


@pytest.mark.parametrize(
    "place",
    [
        "bash-completion/completions/pmrunnerctl",
        "zsh/vendor-completions/_pmrunnerctl",
        "fish/vendor_completions.d/pmrunnerctl.fish",
    ],
)
def test_each_shell_finds_its_completion(package: Package, place: str) -> None:
    assert "_PMRUNNERCTL_COMPLETE" in (package.top / "usr/share" / place).read_text()


def test_its_version_is_that_of_the_sources(package: Package) -> None:
    said = subprocess.run(
        ["dpkg-deb", "--field", package.path, "Version"], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == __version__


@pytest.mark.elsewhere
@pytest.mark.skipif(shutil.which("lintian") is None, reason="needs lintian")
def test_lintian_has_nothing_to_say(package: Package) -> None:
    said = subprocess.run(
        ["lintian", "--allow-root", package.path], capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout) == (0, "")

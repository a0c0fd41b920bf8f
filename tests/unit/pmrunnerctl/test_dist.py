import json
from pathlib import Path

import pytest

from pmrunnerctl import dist
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Installed


def laid(root: Path, environment: str = "prod") -> None:
    (root / "usr/lib/pm-runner").mkdir(parents=True)
    (root / "usr/lib/pm-runner/launch").write_text("import sys; sys.exit(sys.argv[1:])")
    (root / "opt/pm-runner" / environment).mkdir(parents=True)
    (root / "opt/pm-runner" / environment / "dist").symlink_to("releases/1-a")


def test_without_a_release_a_daemon_is_the_code_of_the_client(tmp_path: Path) -> None:
    words = [f"--root={tmp_path}"]
    assert dist.of("prod", words) is None
    laid(tmp_path)
    assert dist.of("dev", words) is None
    (tmp_path / "usr/lib/pm-runner/launch").unlink()
    assert dist.of("prod", words) is None


def test_with_one_its_launcher_counts_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid(tmp_path, "dev")
    monkeypatch.delenv("PMRUNNER_ENV", raising=False)

    found = dist.of("", ["--root", str(tmp_path)])

    assert found is not None
    assert found.program[2:] == [
        *(f"{tmp_path}/usr/lib/pm-runner/launch", "--root", str(tmp_path), "alone", "dev")
    ]


def test_one_that_runs_is_known_by_the_options_that_it_noted(tmp_path: Path) -> None:
    laid(tmp_path, "dev")
    (tmp_path / "options.json").write_text(json.dumps(["--root", str(tmp_path)]))
    overview = samples.overview(environment="dev", release="1-a", state_directory=str(tmp_path))
    assert dist.running(overview) == dist.Dist(tmp_path, "dev")
    of_a_checkout = samples.overview(release="1+checkout", state_directory=str(tmp_path))
    assert dist.running(of_a_checkout) is None


def test_a_first_release_that_is_not_there_starts_nothing(installed: Installed) -> None:
    done = installed.ctl(
        *("start", "--state-dir", str(installed.state), "--release", "1.0-0123456789ab"),
        *("--", f"--root={installed.here}"),
    )
    assert done.returncode == 3, done.stderr
    assert "has none of that name" in done.stderr
    assert not installed.state.exists()

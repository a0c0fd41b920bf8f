import shutil
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, root / "packaging" / "generate", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_schema_and_diagrams_are_what_the_code_says() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_schema_and_a_stale_diagram_are_found_by_name(tmp_path: Path) -> None:
    for name in ("packaging", "pmrunnerctl", "pmrunnerd", "state", "systemd"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("runs", "*.sock", "*.pyc")
        )
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "state" / "schema.json").write_text("{}\n")
    page = tmp_path / "pmrunnerd" / "rules" / "README.md"
    page.write_text(page.read_text().replace("QUEUED --> RUNNING", "QUEUED --> COMPLETE"))
    units = tmp_path / "systemd" / "README.md"
    units.write_text(units.read_text().replace("PMRUNNER_WEB_PORT", "PMRUNNER_PORT"))

    done = check(tmp_path)

    assert done.returncode == 1
    assert "state/schema.json is out of date" in done.stdout
    assert "pmrunnerd/rules/README.md is out of date" in done.stdout
    assert "systemd/README.md is out of date" in done.stdout
    assert "packaging/man/pm-runner.toml.5 is out of date" not in done.stdout

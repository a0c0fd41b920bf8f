import os
import subprocess
import sys
from pathlib import Path

from pmrunnerctl import launch
from tests.unit.pmrunnerctl.conftest import environment


def test_the_daemon_beside_the_client_is_the_one_that_is_started(tmp_path: Path) -> None:
    script = "import sys; from pmrunnerctl.launch import command; print(command())"
    for name, text in (("pmrunnerctl", script), ("pmrunnerd", "")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def found() -> str:
        return subprocess.run(
            [sys.executable, tmp_path / "pmrunnerctl"],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        ).stdout

    assert found() == f"[{os.fspath(tmp_path / 'pmrunnerd')!r}]\n"
    (tmp_path / "pmrunnerd").unlink()
    assert os.fspath(tmp_path) not in found()


def test_without_a_service_manager_there_is_no_unit(tmp_path: Path) -> None:
    if launch.BOOTED.is_dir():
        assert launch.unit("zzz") is None or launch.unit("zzz") == "pm-runner@zzz.service"
    else:
        assert launch.unit("dev") is None
    assert launch.unit_of("zzz", os.getpid()) is None


def test_a_service_has_three_sockets_by_name() -> None:
    assert launch.sockets("pm-runner@prod.service") == [
        "pm-runner@prod.socket",
        "pm-runner-read@prod.socket",
        "pm-runner-web@prod.socket",
    ]

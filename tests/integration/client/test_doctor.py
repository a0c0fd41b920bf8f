"""`doctor` beside a daemon that runs, and beside one that is dead: it is there for that."""

import json
from pathlib import Path

from tests.integration.daemon import Daemon


def test_doctor_looks_with_a_daemon_and_without_one(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        alive = daemon.ctl("doctor", "--json")
        pid = daemon.pid
        daemon.kill()
        dead = daemon.ctl("doctor")

        checks = {row["name"]: row for row in json.loads(alive.stdout)["checks"]}
        assert f"pid {pid}" in checks["daemon"]["found"]
        assert checks["control socket"]["state"] == "ok"
        assert checks["state"]["state"] == "ok"
        assert "none has the state" in dead.stdout
        assert "control socket: pmrunnerctl start" in dead.stdout
        assert not alive.stderr + dead.stderr


def test_a_problem_is_exit_status_8_and_its_hint_can_be_pasted(tmp_path: Path) -> None:
    with Daemon(tmp_path / "state") as daemon:
        lock = daemon.state / "lock"
        signed = json.loads(lock.read_text())
        daemon.kill()
        signed["at"] = "2999-01-01T00:00:00.000Z"
        lock.write_text(json.dumps(signed))
        ill = daemon.ctl("doctor")

        assert ill.returncode == 8
        assert "clock: timedatectl status" in ill.stdout

"""What root writes down of gates, whatever their daemon has made: it follows none of its links."""

import json
from collections.abc import Callable

import pytest

from tests.system.host import Host
from tests.system.trials import GATES, RECORDS, Trials


@pytest.fixture(scope="module")
def trials(machine: Host) -> Trials:
    return Trials(machine, "dev")


Daemon = Callable[[str], None]


@pytest.fixture
def as_daemon(trials: Trials) -> Daemon:
    def run(script: str) -> None:
        trials.machine.run("sh", "-c", f"cd {GATES}/dev; {script}", user=trials.daemon)

    return run


def refused(trials: Trials, name: str) -> str:
    """Return why a gate was not tried that was started."""
    record = trials.record(name)
    assert "spec" not in record
    assert record["code"] != "exited" or record["status"] != "0"
    return str(record["refused"])


def test_what_is_no_gate_is_not_tried(trials: Trials, as_daemon: Daemon) -> None:
    trials.machine.run("install", "-d", "-o", "pm-agent", "/var/lib/pm-runner/stranger")
    deeds = {
        "mv {0} elsewhere-{0}; ln -s elsewhere-{0} {0}": "Not a directory",
        "rm -r {0}; ln -s /var/lib/pm-runner/stranger {0}": "Not a directory",
        "rm {0}/spec.json; ln -s /etc/shadow {0}/spec.json": "Too many levels",
        "rm -f {0}/spec.json; mkfifo {0}/spec.json": "is no file",
        "mv trees/{1} trees/{1}-elsewhere; ln -s {1}-elsewhere trees/{1}": "its digest says",
        "echo more >> trees/{1}/one.txt": "its digest says",
    }
    names = []
    for number, deed in enumerate(deeds):
        digest = trials.tree(one_txt=f"content {number}")
        names.append(trials.make("true", source=digest))
        as_daemon(deed.format(names[-1], digest))
        trials.start(names[-1])
    for name, (deed, why) in zip(names, deeds.items(), strict=True):
        assert why in refused(trials, name), deed


def test_what_is_changed_once_it_began_changes_nothing_and_is_told(
    trials: Trials, as_daemon: Daemon
) -> None:
    digest = trials.tree(one_txt="as it was")
    name = trials.make("echo up; until [ -e go ]; do sleep 0.1; done", source=digest, timeout=3)
    trials.start(name)
    log = trials.machine.root / f"{GATES}/dev/{name}/log".lstrip("/")
    trials.machine.wait(lambda: "up" in log.read_text())
    as_daemon(
        f"touch trees/{digest}/go; sed -i 's/echo up.*sleep 0.1; done/true/' {name}/spec.json"
    )
    record = trials.record(name)
    assert record["altered"] == ["source"]
    assert record["status"] == "251"
    assert record["spec"]["command"].startswith("echo up")


def test_each_name_is_tried_once_and_what_was_written_down_stays(trials: Trials) -> None:
    name = trials.make("exit 7")
    trials.start(name)
    first = trials.record(name)
    assert first["status"] == "7"
    done = trials.machine.run("systemctl", "start", trials.unit(name), check=False)
    assert done.returncode != 0
    assert trials.record(name) == first


def test_a_log_that_is_a_link_leads_nowhere(trials: Trials, as_daemon: Daemon) -> None:
    name = trials.make("echo hello")
    as_daemon(
        f"rm {name}/log {name}/told.json; ln -s /etc/shadow {name}/log; ln -s /etc/shadow {name}/told.json"
    )
    trials.start(name)
    record = trials.record(name)
    assert record["status"] != "0"
    assert record["log"] == ""


def test_only_root_writes_records_and_only_their_daemon_reads_them(trials: Trials) -> None:
    name = trials.make("true")
    trials.start(name)
    trials.record(name)
    file, machine = f"{RECORDS}/dev/gates/{name}.json", trials.machine
    assert json.loads(machine.run("cat", file, user="pm-runner-dev").stdout)["status"] == "0"
    for user, words in (
        ("pm-runner-dev", ("tee", file)),
        ("pm-runner-dev", ("rm", "-f", file)),
        ("pm-runner-dev", ("touch", f"{RECORDS}/dev/gates/other.json")),
        ("pm-runner-prod", ("cat", file)),
        ("pm-agent", ("cat", file)),
    ):
        assert machine.run(*words, user=user, check=False).returncode != 0, (user, words)


def test_a_daemon_starts_gates_of_its_own_environment_alone(trials: Trials) -> None:
    for kind in ("gate", "gatenet", "gatehost"):
        unit = f"pm-runner-{kind}@prod-g1-4f2a-one.service"
        words = ("systemctl", "--no-ask-password", "start", unit)
        assert trials.machine.run(*words, user="pm-runner-dev", check=False).returncode != 0

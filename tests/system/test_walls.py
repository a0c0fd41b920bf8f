"""What a run host that nobody approved can reach of the others: dev's is any code, and the same user's."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.system.ground import PROJECTS, SYSTEMD
from tests.system.host import Host
from tests.system.hostile import RELEASES, RUNS, Dev, a_machine_of_dev_s

# Where runs of one environment or another work, but for one that is nobody's.
PLACES: Final = (
    "write /srv/pm-runner/projects",
    "write /opt/pm-runner/dev/src",
    "write /srv/pm-runner/dev",
    "write /data",
)


@pytest.fixture(scope="module")
def dev(machine: Host) -> Iterator[Dev]:
    with a_machine_of_dev_s(machine) as dev:
        yield dev


def test_a_link_in_place_of_a_run_directory_delivers_nothing(dev: Dev) -> None:
    link, there = f"{RUNS}/dev/link", f"{RUNS}/dev/r2-there"
    dev.make("r2-there")
    dev.machine.run("ln", "-s", there, link, user="pm-runner-dev")

    unit = dev.start("link")

    assert dev.tried(there) == {}
    assert "cannot run dev-link" in dev.said(unit)
    unit = dev.start("r2-there")
    assert dev.tried(there), f"the same directory by its own name: {dev.said(unit)}"


def test_an_errand_may_clear_up_beside_it_and_is_told_by_a_file_of_the_daemon_s(dev: Dev) -> None:
    run, errand = dev.make("r6-run"), dev.make("r7-errand")
    dev.machine.run("touch", f"{errand}/errand.json", user="pm-runner-dev")
    dev.machine.run("touch", f"{run}/errand.json")
    dev.machine.run("chown", "pm-agent", f"{run}/errand.json")

    for name in ("r6-run", "r7-errand"):
        dev.start(name)

    for what in ("write beside it", "change a login"):
        assert dev.tried(run)[what] == "EROFS", "anybody could say that it is one"
        assert dev.tried(errand)[what] == "done"
    assert dev.tried(errand)["write a run of prod"] == "ENOENT"


def test_a_directory_of_somebody_else_is_no_run_s(dev: Dev) -> None:
    directory = dev.make("r3-taken")
    dev.machine.run("chown", "pm-agent", directory)

    unit = dev.start("r3-taken")

    assert dev.tried(directory) == {}
    assert "belongs to uid" in dev.said(unit)
    dev.machine.run("chown", "pm-runner-dev", directory)
    dev.start("r3-taken")
    assert dev.tried(directory), dev.said(unit)


def test_code_that_nobody_approved_reaches_no_run_of_another_environment(dev: Dev) -> None:
    directory = dev.make("r4-walls")
    dev.start("r4-walls")
    behind = dev.tried(directory)

    # The same program, the same user and group: what the walls alone keep it from.
    program = f"{RELEASES}/dist/lib/pmrunnerd/runhost/__main__.py"
    uid = dev.machine.run("id", "-u", "pm-agent").stdout.strip()
    become = ("setpriv", f"--reuid={uid}", "--regid=pm-agent", "--groups=pm-run", "--")
    free = dev.make("r5-free")
    dev.machine.run(*become, "python3", "-I", program, free)
    without = dev.tried(free)

    reached = {name for name, what in without.items() if what == "done"}
    assert reached >= {
        "read a run of prod",
        "write a run of prod",
        "list logins of prod",
        "signal a run host of prod",
        "look into its files",
        "see the sockets",
        "see the states",
        "write beside it",
        "change a login",
        "write its own",
        *PLACES,
    }
    gone = dict.fromkeys(reached, "ENOENT")
    known = {
        "write its own": "done",
        "list what is beside it": "done",
        "write beside it": "EROFS",
        "change a login": "EROFS",
        **dict.fromkeys(PLACES, "EROFS"),
        "write /srv/pm-runner/dev": "done",
        "write to the journal": "done",
    }
    seen = {name: what for name, what in behind.items() if name in reached}
    assert seen == gone | {"signal a run host of prod": "ESRCH"} | known
    assert behind["take the walls away"] != 0
    assert behind["directories open"] == []


def test_root_says_where_an_environment_writes_and_nobody_else_does(dev: Dev) -> None:
    file = "/etc/pm-runner/dev.roots"
    drop_in = f"{SYSTEMD}/pm-runner-run@.service.d"
    dev.machine.run("mkdir", "-p", drop_in)
    unit = "[Service]\nReadWritePaths=-/data\n"
    dev.machine.run("tee", f"{drop_in}/data.conf", input=unit)
    dev.machine.run("systemctl", "daemon-reload")
    tried = {}
    for name, place in (("r8-none", ""), ("r8-data", "/data"), ("r8-prods", PROJECTS)):
        dev.machine.run("tee", file, input=f"{place}\n")
        directory = dev.make(name)
        dev.start(name)
        tried[name] = dev.tried(directory)

    dev.machine.run("chown", "pm-agent", file)
    forged = dev.make("r8-forged")
    unit = dev.start("r8-forged")
    dev.machine.run("rm", "-r", file, drop_in)
    dev.machine.run("systemctl", "daemon-reload")
    came = [tried[name]["write /data"] for name in ("r8-none", "r8-data", "r8-prods")]
    assert came == ["EROFS", "done", "EROFS"], "its unit lets all of them"
    came = [tried[name][f"write {PROJECTS}"] for name in ("r8-none", "r8-data", "r8-prods")]
    assert came == ["EROFS", "EROFS", "done"]
    assert dev.tried(forged) == {}
    assert "a file that root alone can write" in dev.said(unit)


def test_what_it_says_of_a_task_of_prod_is_in_no_story_of_prod(dev: Dev) -> None:
    directory = dev.make("r10-forged")
    unit = dev.start("r10-forged")
    assert dev.tried(directory)["write to the journal"] == "done", dev.said(unit)
    said = dev.machine.journal("PMRUNNER_ENV=prod", "PMRUNNER_TASK=t1", f"_SYSTEMD_UNIT={unit}")
    assert [entry["MESSAGE"] for entry in said] == ["forged"]

    logs = ("pmrunnerctl", "logs", "--task", "t1")
    assert "forged" not in dev.machine.run(*logs, env={"PMRUNNER_ENV": "prod"}).stdout
    assert "forged" in dev.machine.run(*logs, env={"PMRUNNER_ENV": "dev"}).stdout

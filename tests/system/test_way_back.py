"""A release on trial in the real unit: whatever it does, prod answers again, and whose fault it was not does not go."""

import sys
from collections.abc import Iterator

import pytest

from tests.system.candidates import SOCKETS, Candidates
from tests.system.ground import DAEMON, Ground
from tests.system.host import Host

ROLLBACK = "pm-runner-rollback@prod.service"
# On a machine that does much else a start takes much longer, and so does a return, which is three.
GOAL, STARTS = 0.5, 6
START_TIMEOUT = 3


@pytest.fixture(scope="module")
def prepared(machine: Host) -> Iterator[Candidates]:
    found = Candidates(machine)
    yield found
    found.clear()


@pytest.fixture
def prod(prepared: Candidates) -> Iterator[Candidates]:
    """Prod, which is stopped, with nothing on trial."""
    yield prepared
    prepared.clear()


def test_one_that_crashes_at_its_start_is_gone_before_anybody_notices(
    prod: Candidates, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = prod.seconds_to_be_up()
    prod.stay()
    took = []
    for _ in range(3):
        name = prod.put_on_trial("exits")
        took.append(prod.seconds_to_be_up())
        assert prod.dist == prod.old
        assert prod.says("state", "candidate") == ["returned", name]
        assert prod.says("why") == ["ended: exit-code (exited 1)"]
        assert prod.answers()
        assert {prod.shows(unit, "ActiveState")[0] for unit in SOCKETS} == {"active"}
        prod.clear()
    with capsys.disabled():
        said = ", ".join(f"{one * 1000:.0f}" for one in took)
        sys.stdout.write(f"\nback after {said} ms; a start alone takes {plain * 1000:.0f} ms\n")
    assert min(took) <= max(GOAL, STARTS * plain)


def test_one_that_cannot_be_imported_stays_down_and_is_brought_back_by_a_unit(
    prod: Candidates,
) -> None:
    prod.put_on_trial("raises")

    prod.seconds_to_be_up()

    assert (prod.dist, *prod.says("state", "why")) == (
        prod.old,
        "returned",
        "ended: exit-code (exited 78)",
    )
    assert prod.answers()
    prod.machine.wait(lambda: prod.shows(ROLLBACK, "ActiveState") == ["inactive"])
    assert prod.shows(ROLLBACK, "Result") == ["success"]
    assert any(f"back on {prod.old}" in line for line in prod.heard(ROLLBACK))


def test_one_that_hangs_costs_its_start_timeout_and_no_more(
    prod: Candidates, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = prod.seconds_to_be_up()
    prod.stay()
    ground = Ground(prod.machine)
    ground.drop_in(DAEMON, f"[Service]\nTimeoutStartSec={START_TIMEOUT}\n")
    prod.put_on_trial("hangs")

    took = prod.seconds_to_be_up()

    with capsys.disabled():
        sys.stdout.write(
            f"\nback {(took - START_TIMEOUT) * 1000:.0f} ms after a start timeout of"
            f" {START_TIMEOUT} s; a start alone takes {plain * 1000:.0f} ms\n"
        )
    assert (prod.dist, *prod.says("state", "why")) == (
        prod.old,
        "returned",
        "ended: timeout (killed TERM)",
    )
    assert prod.answers()
    assert took <= START_TIMEOUT + max(0.3, STARTS * plain)


@pytest.mark.parametrize(
    ("fault", "why"),
    [("dies", "ended: core-dump (dumped SEGV)"), ("wedges", "ended: watchdog (dumped ABRT)")],
)
def test_one_that_was_ready_and_dies_or_wedges_comes_back(
    prod: Candidates, fault: str, why: str
) -> None:
    Ground(prod.machine).drop_in(DAEMON, "[Service]\nWatchdogSec=3\n")
    prod.put_on_trial(fault)
    prod.machine.run("systemctl", "start", DAEMON)

    prod.machine.wait(lambda: prod.dist == prod.old)

    assert prod.answers()
    assert prod.says("state") == ["returned"]
    # Without room for a core it is said to have been killed.
    assert (
        str(prod.says("why")[0])
        .replace("signal (killed", "core-dump (dumped")
        .replace("watchdog (killed", "watchdog (dumped")
        == why
    )


def test_restarts_by_an_operator_leave_it_on_trial(prod: Candidates) -> None:
    name = prod.put_on_trial("good")
    prod.machine.run("systemctl", "start", DAEMON)
    for _ in range(3):
        prod.machine.run("systemctl", "restart", DAEMON)
    prod.machine.run("pmrunnerctl", "restart")

    assert (prod.dist, *prod.says("state", "left", "why")) == (name, "open", 0, "")
    assert prod.answers()


def test_a_configuration_that_cannot_be_used_leaves_it_on_trial(prod: Candidates) -> None:
    name = prod.put_on_trial("good")
    prod.machine.run("systemctl", "start", DAEMON)
    file = prod.machine.root / "etc/pm-runner/prod.toml"
    before = file.read_text() if file.exists() else None
    file.write_text("[web]\nprot = 1\n")
    try:
        assert prod.machine.run("systemctl", "restart", DAEMON, check=False).returncode != 0
        prod.machine.wait(lambda: prod.shows(ROLLBACK, "ActiveState") == ["inactive"])
        assert prod.shows(DAEMON, "ActiveState") == ["failed"]
        assert (prod.dist, *prod.says("state", "left", "why")) == (name, "open", 1, "")
        assert any(f"{name} is not to blame" in line for line in prod.heard(ROLLBACK))
    finally:
        file.unlink() if before is None else file.write_text(before)
    prod.machine.run("systemctl", "start", DAEMON)
    assert prod.answers()
    assert prod.dist == name


def test_without_a_trial_a_release_that_crashes_is_a_person_s_to_see_to(prod: Candidates) -> None:
    name = prod.put_on_trial("exits")
    prod.machine.run("rm", "/var/lib/pm-runner/promote/prod/trial.json")

    prod.machine.run("systemctl", "start", DAEMON, check=False)
    prod.machine.wait(lambda: prod.shows(DAEMON, "ActiveState") == ["failed"])
    prod.machine.wait(
        lambda: any(
            f"nothing is on trial, and {name} stays" in line for line in prod.heard(ROLLBACK)
        )
    )

    assert prod.dist == name
    prod.machine.wait(lambda: prod.shows(ROLLBACK, "ActiveState") == ["inactive"])
    assert prod.shows(DAEMON, "ActiveState") == ["failed"]


def test_a_person_brings_it_back_with_daemon_and_client_dead(prod: Candidates) -> None:
    nothing = prod.machine.run("systemctl", "start", ROLLBACK, check=False)
    assert nothing.returncode != 0, "there is nothing to go back from"
    prod.put_on_trial("good")
    prod.machine.run("systemctl", "start", DAEMON)

    prod.machine.run("systemctl", "start", ROLLBACK)

    assert (prod.dist, *prod.says("state", "why")) == (
        prod.old,
        "returned",
        "was sent back by a person",
    )
    assert prod.answers()


def test_after_a_boot_what_was_on_trial_is_back_before_it_runs(prod: Candidates) -> None:
    prod.put_on_trial("hangs")
    record = prod.machine.root / "var/lib/pm-runner/promote/prod/trial.json"
    # The hosts of the tests are all of one boot of this machine.
    record.write_text(record.read_text().replace('"boot": "', '"boot": "not-'))

    prod.machine.run("systemctl", "start", DAEMON)

    assert (prod.dist, *prod.says("state")) == (prod.old, "returned")
    assert prod.answers()
    assert any("back on" in line for line in prod.heard("pm-runner-settle@prod.service"))


@pytest.mark.parametrize("unit", [ROLLBACK, "pm-runner-settle@prod.service"])
def test_what_switches_is_sealed_as_far_as_it_can_be(prod: Candidates, unit: str) -> None:
    said = prod.machine.run("systemd-analyze", "security", "--no-pager", unit, check=False).stdout
    level = float(said.rsplit("exposure level for", 1)[1].split()[1])
    assert level <= 1.5, said


def test_nobody_starts_it_but_root_and_prod_the_way_back(prod: Candidates) -> None:
    words, settle = ("systemctl", "--no-ask-password", "start"), "pm-runner-settle@prod.service"
    name = prod.put_on_trial("good")
    for user, unit in (
        *((user, ROLLBACK) for user in ("pm-runner-dev", "pm-agent")),
        *((user, settle) for user in ("pm-runner-prod", "pm-runner-dev", "pm-agent")),
    ):
        assert prod.machine.run(*words, unit, user=user, check=False).returncode != 0
    assert prod.dist == name
    prod.machine.run(*words, ROLLBACK, user="pm-runner-prod")
    assert prod.dist == prod.old

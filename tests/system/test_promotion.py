"""Root's side of a promotion in the real units: what is good stays, what is not comes back, and the record says what happened."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from pmrunnerd.model.promotion import Deed
from tests.everything import some
from tests.system.candidates import HOME
from tests.system.ground import DAEMON
from tests.system.host import Host
from tests.system.moving import PROMOTER, Moving

ALL = [
    *("begun", "signed", "rehearsed", "opened", "switched", "restarted", "healthy"),
    "confirmed",
]


@pytest.fixture(scope="module")
def moving(machine: Host) -> Moving:
    return Moving(machine)


@pytest.fixture
def prod(moving: Moving) -> Iterator[Moving]:
    """Prod, which runs what was installed, with nothing on trial."""
    moving.begin()
    yield moving
    moving.end()


def test_a_good_one_is_signed_tried_and_confirmed(prod: Moving) -> None:
    name = prod.make()
    promotion = prod.promote(name)

    assert prod.steps(promotion) == ALL, prod.lines(promotion)
    assert (prod.ended(promotion), prod.dist, prod.answers()) == (0, name, name)


@pytest.mark.parametrize(
    ("fault", "why"),
    some(
        [
            ("unit-raises", "ended: exit-code (exited 78)"),
            ("unit-exits", "ended: exit-code (exited 1)"),
            ("unit-dies", "SEGV"),
            ("unit-starts-nobody", "its canary is lost"),
        ]
    ),
)
def test_a_bad_one_that_only_the_real_unit_brings_to_light_comes_back(
    prod: Moving, fault: str, why: str
) -> None:
    promotion = prod.promote(prod.make(fault))

    assert (prod.ended(promotion), prod.dist, prod.answers()) == (20, prod.old, prod.old)
    assert prod.steps(promotion)[-1] == "returned"
    assert why in prod.lines(promotion)[-1].why
    assert prod.lines(promotion)[-1].release == prod.old


def test_one_that_hangs_at_its_start_costs_the_start_timeout(prod: Moving) -> None:
    prod.drop_in("[Service]\nTimeoutStartSec=2\n")
    promotion = prod.promote(prod.make("unit-hangs"))

    assert (prod.ended(promotion), prod.dist, prod.answers()) == (20, prod.old, prod.old)
    assert "timeout" in prod.lines(promotion)[-1].why


def test_one_that_takes_more_memory_than_the_unit_has_comes_back(prod: Moving) -> None:
    prod.drop_in("[Service]\nMemoryMax=256M\n")
    promotion = prod.promote(prod.make("unit-eats"))

    assert (prod.ended(promotion), prod.dist, prod.answers()) == (20, prod.old, prod.old)
    # Where the kernel does not tell the manager why, it is a kill as any other.
    whys = ("ended: oom-kill (killed KILL)", "ended: signal (killed KILL)")
    assert prod.lines(promotion)[-1].why in whys


def test_one_that_is_ready_and_answers_nobody_is_sent_back(prod: Moving) -> None:
    prod.drop_in("[Service]\nWatchdogSec=3\n")
    promotion = prod.promote(prod.make("unit-wedges"))

    assert (prod.ended(promotion), prod.dist, prod.answers()) == (20, prod.old, prod.old)
    assert prod.steps(promotion)[-1] == "returned"


def test_a_promoter_killed_in_the_probation_goes_on_with_it(prod: Moving) -> None:
    order = prod.order(prod.make(), probation=3.0)
    prod.ask(order)
    prod.machine.run("systemctl", "start", "--no-block", PROMOTER)
    prod.machine.wait(lambda: "healthy" in prod.steps(order.id))
    before = prod.invocation()
    prod.machine.run("systemctl", "kill", "--signal=KILL", PROMOTER)
    prod.machine.wait(lambda: "confirmed" in prod.steps(order.id))

    assert prod.steps(order.id) == ALL
    assert prod.invocation() == before, "nothing was started again for that"
    assert prod.answers() == order.release


def test_an_operator_s_restart_starts_the_probation_again_and_is_no_fault(prod: Moving) -> None:
    order = prod.order(prod.make(), probation=4.0)
    prod.ask(order)
    prod.machine.run("systemctl", "start", "--no-block", PROMOTER)
    prod.machine.wait(lambda: "healthy" in prod.steps(order.id))
    prod.machine.run("systemctl", "restart", DAEMON)
    up = time.time()
    prod.machine.wait(lambda: "confirmed" in prod.steps(order.id))

    assert prod.lines(order.id)[-1].at >= up + 3.5
    assert prod.answers() == order.release


def test_a_check_that_has_to_hold_and_fails_sends_it_back(prod: Moving) -> None:
    checks = "/etc/pm-runner/health.d"
    script = f"""
        install -d {checks}/required {checks}/wanted
        printf '#!/bin/sh\\n[ "$(id -un)" = pm-runner-prod ] && readlink {HOME}/dist | grep -q "$(cat /run/good)"\\n' >{checks}/required/release
        printf '#!/bin/sh\\nexit 3\\n' >{checks}/wanted/no
        chmod 755 {checks}/*/*; echo {prod.old} >/run/good
    """
    prod.machine.run("sh", "-ec", script)
    try:
        promotion = prod.promote(prod.make())
        assert "release: ended with status 1" in prod.lines(promotion)[-1].why
        # The other one is only wanted: it fails for the release that is back, too, and that is well.
        assert (prod.ended(promotion), prod.dist, prod.answers()) == (20, prod.old, prod.old)
    finally:
        prod.machine.run("rm", "-rf", checks)


def test_each_step_of_it_is_in_the_journal_under_its_name(prod: Moving) -> None:
    promotion = prod.promote(prod.make("unit-exits"))

    told = prod.machine.journal(f"PMRUNNER_PROMOTION={promotion}")
    assert [entry["PMRUNNER_STEP"] for entry in told] == prod.steps(promotion)
    assert all(entry["MESSAGE_ID"] for entry in told)


def test_a_try_has_dev_run_it_without_papers_and_what_does_not_start_comes_back(
    prod: Moving,
) -> None:
    before, dev = prod.invocation(), Moving(prod.machine, "dev")
    papers: dict[str, Any] = {"deed": Deed.TRY, "record": b"", "section": b"", "approved_by": ""}
    dev.begin()
    try:
        good, bad = dev.make(), dev.make("raises")
        promotion = dev.promote(good, **papers)
        assert (dev.ended(promotion), dev.answers()) == (0, good), dev.lines(promotion)
        promotion = dev.promote(bad, **papers)
        assert (dev.ended(promotion), dev.answers()) == (20, good), dev.lines(promotion)
    finally:
        dev.end()
    assert (prod.dist, prod.invocation()) == (prod.old, before)

"""What root refuses of a promotion in the real units: nothing was stopped, nothing was switched, and why is said."""

from collections.abc import Iterator

import pytest

from pmrunnerd.model.promotion import Deed
from tests.everything import some
from tests.system.candidates import HOME
from tests.system.host import Host
from tests.system.moving import PROMOTER, REQUEST, ROLLBACK, Moving


@pytest.fixture(scope="module")
def moving(machine: Host) -> Moving:
    return Moving(machine)


@pytest.fixture
def prod(moving: Moving) -> Iterator[Moving]:
    """Prod, which runs what was installed, with nothing on trial."""
    moving.begin()
    yield moving
    moving.end()


@pytest.mark.parametrize("fault", some(["raises", "exits", "dies"]))
def test_a_bad_one_that_its_rehearsal_brings_to_light_is_never_started(
    prod: Moving, fault: str
) -> None:
    before = prod.invocation()
    promotion = prod.promote(prod.make(fault))

    assert prod.steps(promotion) == ["begun", "signed", "refused"], prod.lines(promotion)
    assert "its rehearsal went otherwise" in prod.lines(promotion)[-1].why
    assert (prod.dist, prod.invocation()) == (prod.old, before)


def test_one_altered_byte_is_refused_and_nothing_was_stopped(prod: Moving) -> None:
    name = prod.make()
    prod.machine.run(
        "sh",
        "-c",
        f"cd {HOME}/releases/{name}/lib/pmrunnerd; cp house.py x; echo '#' >>x; mv x house.py",
    )
    before = prod.invocation()
    promotion = prod.promote(name)

    (*_, last) = prod.lines(promotion)
    assert (prod.ended(promotion), last.step) == (10, "refused")
    assert "tree: lib/pmrunnerd/house.py was changed" in last.why
    assert (prod.dist, prod.invocation()) == (prod.old, before)


def test_everything_that_is_wrong_is_said_at_once(prod: Moving) -> None:
    name = prod.make()
    promotion = prod.promote(name, approved_by="", section=b"of something else", record=b"{}")

    why = prod.lines(promotion)[-1].why
    assert "it is no record of a gate run" in why
    promotion = prod.promote(name, approved_by="", section=b"of something else")
    why = prod.lines(promotion)[-1].why
    assert "nobody approved it" in why
    assert "its section does not name this source" in why


def test_gates_that_only_the_daemon_says_have_passed_are_refused(prod: Moving) -> None:
    order = prod.order(prod.make())
    prod.machine.run("sh", "-c", f"rm {prod.records}/gates/*.json")
    prod.ask(order)
    prod.machine.run("systemctl", "start", PROMOTER)
    assert "unit passed, and root has not seen that" in prod.lines(order.id)[-1].why


def test_a_try_asked_of_prod_is_no_way_around_the_gates(prod: Moving) -> None:
    for deed in ("try", "rollback"):
        promotion = prod.promote(prod.make(), deed=Deed(deed))
        assert (prod.ended(promotion), prod.steps(promotion)[-1], prod.dist) == (
            10,
            "refused",
            prod.old,
        )


def test_an_order_of_another_user_or_a_link_is_not_read(prod: Moving) -> None:
    order = prod.order(prod.make())
    prod.ask(order)
    prod.machine.run("chown", "pm-runner-dev", REQUEST)
    prod.machine.run("systemctl", "start", PROMOTER)
    assert "belongs to user" in prod.heard()
    prod.machine.run("mv", REQUEST, "/run/order.json")
    prod.machine.run("chown", "pm-runner-prod", "/run/order.json")
    prod.machine.run("ln", "-s", "/run/order.json", REQUEST, user="pm-runner-prod")
    prod.machine.run("systemctl", "start", PROMOTER, check=False)
    assert "is no file" in prod.heard()
    assert (prod.dist, prod.lines(order.id)) == (prod.old, [])


def test_a_second_promoter_is_told_that_there_is_one_and_changes_nothing(prod: Moving) -> None:
    order = prod.order(prod.make(), probation=600.0)
    prod.ask(order)
    prod.machine.run("systemctl", "start", "--no-block", PROMOTER)
    prod.machine.wait(lambda: "begun" in prod.steps(order.id))

    done = prod.machine.run("/usr/lib/pm-runner/launch", "promote", "prod", check=False)
    assert done.returncode == 40
    assert "cannot promote in prod: somebody does already" in done.stderr


def test_why_nothing_can_be_written_down_is_told_to_the_daemon_that_asked(prod: Moving) -> None:
    prod.ask(prod.order(prod.make()))
    full = "mount -t tmpfs -o mode=755,nr_inodes=3 full {0}; touch {0}/promoting.lock {0}/x"
    prod.machine.run("sh", "-ec", full.format(prod.records))
    try:
        assert prod.machine.run("systemctl", "start", PROMOTER, check=False).returncode != 0
    finally:
        prod.machine.run("umount", prod.records)
    show = ("systemctl", "show", "--property=StatusText", PROMOTER)
    said = prod.machine.run(*show, user="pm-runner-prod").stdout
    assert said.startswith("StatusText=cannot promote in prod: no space left on device: "), said
    prod.machine.run("systemctl", "start", PROMOTER)
    assert "StatusText=\n" in prod.machine.run(*show).stdout, "and then it is as if it had not been"


def test_a_rollback_to_what_cannot_read_the_state_is_refused_and_who_can_is_named(
    prod: Moving,
) -> None:
    older, newer = prod.make(level=-1), prod.make()
    before = prod.invocation()
    promotion = prod.promote(older, deed=Deed.ROLLBACK, record=b"", section=b"")

    why = prod.lines(promotion)[-1].why
    assert (prod.ended(promotion), prod.invocation()) == (10, before)
    assert "it reads states up to level 0, and this one is of level 1" in why
    assert newer in why


def test_prod_may_start_it_and_nobody_else(prod: Moving) -> None:
    prod.machine.run("rm", "-f", REQUEST)
    words = ("systemctl", "--no-ask-password", "start")
    for unit in (PROMOTER, "pm-runner-promote@dev.service"):
        assert prod.machine.run(*words, unit, user="pm-runner-prod", check=False).returncode == 0
    for user in ("pm-runner-dev", "pm-agent"):
        for unit in (PROMOTER, "pm-runner-promote@dev.service", ROLLBACK):
            assert prod.machine.run(*words, unit, user=user, check=False).returncode != 0
    for unit in ("pm-runner-promote@try.service", "pm-runner-health@prod.service"):
        assert prod.machine.run(*words, unit, user="pm-runner-prod", check=False).returncode != 0
    stop = ("systemctl", "--no-ask-password", "stop", PROMOTER)
    assert prod.machine.run(*stop, user="pm-runner-prod", check=False).returncode != 0

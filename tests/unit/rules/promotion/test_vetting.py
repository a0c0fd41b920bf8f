"""What root refuses, all of it at once, and each in words that say what is not so."""

from typing import Any

import pytest

from pmrunnerd.model.promotion import Deed, Order
from pmrunnerd.rules.promotion.vetting import Here, unmet
from tests.unit.rules.proof import samples

RELEASE = samples.release()


def order(**changed: Any) -> Order:
    said: dict[str, Any] = {
        "id": "p1",
        "deed": Deed.PROMOTE,
        "environment": "prod",
        "release": RELEASE.id,
        "by": "anna",
        "asked": 1000,
        "approved_by": "anna",
    }
    return Order(**(said | changed))


def here(**changed: Any) -> Here:
    said: dict[str, Any] = {
        "facts": RELEASE,
        "runs": "1-a",
        "level": 1,
        "soabi": RELEASE.soabi,
        "levels": {RELEASE.id: 1, "1-a": 1},
        "proven": frozenset({"1-a", RELEASE.id}),
    }
    return Here(**(said | changed))


@pytest.mark.parametrize("deed", [Deed.PROMOTE, Deed.ROLLBACK])
def test_what_holds_is_not_refused(deed: Deed) -> None:
    assert unmet(order(deed=deed), here()) == []
    assert unmet(order(deed=Deed.TRY, environment="dev"), here(proven=frozenset())) == []


def test_a_try_is_no_way_into_prod() -> None:
    (why,) = unmet(order(deed=Deed.TRY), here())
    assert why == "try is done in an environment for tries, and not in prod"


def test_an_upgrade_is_to_what_the_package_brings_and_to_nothing_else() -> None:
    asked = order(deed=Deed.UPGRADE, approved_by="")
    assert unmet(asked, here(package=RELEASE.source)) == []
    assert unmet(asked, here(package="6" * 64)) == ["the package does not bring it"]
    assert unmet(asked, here()) == ["the package does not bring it"]


def test_a_rollback_is_no_way_into_prod_for_what_never_ran_there() -> None:
    (why,) = unmet(order(deed=Deed.ROLLBACK), here(proven=frozenset({"1-a"})))
    assert "never ran in prod" in why


@pytest.mark.parametrize("deed", [Deed.PROMOTE, Deed.ROLLBACK])
def test_dev_is_only_for_tries(deed: Deed) -> None:
    assert f"{deed} is done in prod, and not in dev" in unmet(
        order(deed=deed, environment="dev"), here()
    )


@pytest.mark.parametrize(
    ("asked", "found", "why"),
    [
        ({}, {"runs": RELEASE.id}, "prod runs it already"),
        ({}, {"runs": ""}, "prod runs nothing to come back to"),
        ({}, {"on_trial": "2-b"}, "2-b is on trial"),
        ({}, {"facts": None}, "its release.json cannot be read"),
        (
            {},
            {"soabi": "cpython-313-x86_64-linux-gnu"},
            f"it is built for {RELEASE.soabi}, and this Python is cpython-313-x86_64-linux-gnu",
        ),
        ({"approved_by": ""}, {}, "nobody approved it"),
        ({"by": ""}, {}, "it does not say who asks"),
    ],
)
def test_each_thing_that_is_not_so_is_said(
    asked: dict[str, Any], found: dict[str, Any], why: str
) -> None:
    assert unmet(order(**asked), here(**found)) == [why]


def test_who_cannot_read_today_s_state_is_refused_and_who_can_is_named() -> None:
    levels = {RELEASE.id: 1, "1-a": 2, "2-b": 3}
    (why,) = unmet(order(), here(level=2, levels=levels))
    assert "up to level 1, and this one is of level 2; that can: 1-a, 2-b" in why
    (why,) = unmet(order(), here(level=4, levels=levels))
    assert "none that is here" in why


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = unmet(order(approved_by=""), here(runs=RELEASE.id, level=2, on_trial="2-b"))
    assert len(wrong) == 4

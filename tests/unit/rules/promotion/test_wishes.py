from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.errors import BadRequest, Conflict, NotFound, Refused
from pmrunnerd.model.gates import Difference, Differences
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.state import State
from pmrunnerd.rules.evolve import evolve
from pmrunnerd.rules.promotion import wishes
from pmrunnerd.rules.promotion.wishes import Wish
from tests.unit.rules.promotion.premises import (
    AT,
    LOOKED,
    NEW,
    OLD,
    PROJECT,
    SEAL,
    SHELVED,
    SOURCE,
    release,
    state,
)
from tests.unit.rules.promotion.test_promotions import ASKED

WISH = Wish(by="anna", at=1700, token="4f2a", probation=30.0)
TRY = replace(SHELVED, environment="dev", running=OLD.id, previous="")


def test_the_project_that_is_meant_is_the_runner_s_own_and_there_is_one() -> None:
    assert wishes.runner(state(), None).id == PROJECT.id
    assert wishes.runner(state(kind=ProjectType.NORMAL), "runner").id == "w1"
    with pytest.raises(Refused, match="no project is this runner") as refused:
        wishes.runner(state(kind=ProjectType.NORMAL), None)
    assert (
        refused.value.hint == "pmrunnerctl project add runner /opt/pm-runner/dev --type runner-dev"
    )
    two = ev.ProjectAdded(
        project="w2", alias="other", path="/o", project_type=ProjectType.RUNNER_DEV
    )
    with pytest.raises(BadRequest, match="runner, other are this runner"):
        wishes.runner(state(two), None)


def test_what_is_approved_is_asked_for_with_all_that_root_has_to_know() -> None:
    less = Differences(digest="4f2a", found=(Difference(gate="lint", words="gone"),))
    assert LOOKED.weaker is not None
    weaker = replace(LOOKED.weaker, differences=less, accepted="bert")

    fact = wishes.promote(state(), replace(LOOKED, weaker=weaker), SEAL, WISH)

    assert (fact.promotion, fact.release, fact.previous) == ("x1-4f2a", NEW.id, OLD.id)
    assert (fact.gate_run, fact.seal, fact.section) == ("g1", SEAL, LOOKED.section)
    assert (fact.weaker, fact.weaker_by, fact.asked) == ("4f2a", "bert", 1700)
    assert wishes.promote(state(), LOOKED, SEAL, WISH).weaker == ""


def test_nothing_is_asked_for_while_something_is_missing() -> None:
    with pytest.raises(
        Refused, match=r"at cccccccccccc: 1 of 10 prerequisites is unmet"
    ) as refused:
        wishes.promote(state(), LOOKED, "", WISH)
    assert refused.value.hint == f"pmrunnerctl promote runner --approve {SEAL}"
    with pytest.raises(Conflict, match=r"x1-4f2a of 1\.0-0123456789ab is REQUESTED"):
        wishes.promote(state(ASKED), LOOKED, SEAL, WISH)


def test_a_probation_in_which_one_that_hangs_would_not_be_found_is_refused() -> None:
    wishes.must_be_long("promote", 30, 30)
    with pytest.raises(BadRequest, match="two watchdogs take 30 s") as refused:
        wishes.must_be_long("rollback", 29, 30)
    assert refused.value.hint == "pmrunnerctl rollback --probation 30"


def test_who_asks_again_for_what_is_under_way_gets_that() -> None:
    going = state(ASKED)

    found = wishes.same(going, Deed.PROMOTE, ASKED.release, "anna")
    assert found is not None
    assert found.id == ASKED.promotion
    assert wishes.same(going, Deed.PROMOTE, "other", "anna") is None
    assert wishes.same(going, Deed.PROMOTE, ASKED.release, "bert") is None
    assert wishes.same(going, Deed.PROMOTE, "", "anna") is None
    assert wishes.same(going, Deed.ROLLBACK, ASKED.release, "anna") is None
    assert wishes.same(state(), Deed.PROMOTE, ASKED.release, "anna") is None


def test_the_way_back_is_to_what_ran_before_or_what_is_named() -> None:
    fact = wishes.rollback(state(), SHELVED, "", WISH)
    assert (fact.deed, fact.release, fact.previous) == (Deed.ROLLBACK, OLD.id, NEW.id)
    assert (fact.project, fact.environment, fact.seal) == ("w1", "prod", "")
    assert wishes.rollback(State(), SHELVED, OLD.id, WISH).project == "", "there need be no project"
    with pytest.raises(NotFound, match="cannot find release nope"):
        wishes.rollback(state(), SHELVED, "nope", WISH)
    with pytest.raises(Refused, match="prod ran nothing before"):
        wishes.rollback(state(), replace(SHELVED, previous=""), "", WISH)
    with pytest.raises(Refused, match="it runs already"):
        wishes.rollback(state(), SHELVED, NEW.id, WISH)


def test_who_is_refused_for_what_is_on_trial_is_told_how_to_end_that() -> None:
    opened = ev.PromotionOpened(promotion=ASKED.promotion, project="w1", line=2)
    begun = ev.PromotionStepped(promotion=ASKED.promotion, project="w1", step="begun", line=1)

    with pytest.raises(Conflict, match="is ON_TRIAL") as refused:
        wishes.rollback(state(ASKED, begun, opened), SHELVED, NEW.id, WISH)

    assert "\nsudo systemctl start pm-runner-rollback@prod " in (refused.value.hint or "")


def test_a_release_that_cannot_read_the_state_is_refused_and_those_that_can_are_named() -> None:
    able = release("1.2-" + "c" * 12, level=2)
    never = release("1.3-" + "d" * 12, level=2)
    shelved = replace(SHELVED, releases=(OLD, able, never, NEW), level=2)
    about: dict[str, Any] = {"promotion": ASKED.promotion, "project": "w1"}
    was_well = state(
        replace(ASKED, release=able.id, previous=OLD.id),
        ev.PromotionStepped(step="begun", line=1, **about),
        ev.PromotionOpened(line=2, **about),
        ev.PromotionConfirmed(line=3, **about),
    )

    with pytest.raises(
        Refused, match="reads states up to level 1, and this one is of level 2"
    ) as no:
        wishes.rollback(was_well, shelved, "", WISH)
    assert f"that can: {able.id}" in str(no.value)
    assert no.value.hint == f"pmrunnerctl rollback {able.id}", "root refuses what was never well"
    with pytest.raises(Refused, match="and none that is here can"):
        wishes.rollback(state(), replace(SHELVED, level=2), "", WISH)


def test_what_the_package_brings_is_promoted_by_its_name_and_nothing_else_is() -> None:
    runs_old = replace(SHELVED, running=OLD.id, previous="", package=SOURCE)

    fact = wishes.upgrade(state(), runs_old, NEW.id, WISH)

    assert (fact.deed, fact.release, fact.previous) == (Deed.UPGRADE, NEW.id, OLD.id)
    assert (fact.seal, fact.gate_run, fact.by) == ("", "", "anna")
    for package in ("", "6" * 64):
        with pytest.raises(Refused, match="the package does not bring it"):
            wishes.upgrade(state(), replace(runs_old, package=package), NEW.id, WISH)
    with pytest.raises(Refused, match="runs already"):
        wishes.upgrade(state(), replace(runs_old, running=NEW.id), NEW.id, WISH)
    with pytest.raises(Conflict, match="is on trial"):
        wishes.upgrade(state(), replace(runs_old, on_trial="2-b"), NEW.id, WISH)


def test_only_prod_s_daemon_asks_root() -> None:
    wishes.must_be_prod("prod", "try")
    with pytest.raises(Refused, match="cannot try: this is dev, and prod asks root") as refused:
        wishes.must_be_prod("dev", "try")
    assert refused.value.hint == "pmrunnerctl --env prod try -h"


def test_one_goes_back_alone() -> None:
    with pytest.raises(Conflict, match="is REQUESTED"):
        wishes.rollback(state(ASKED), SHELVED, "", WISH)
    with pytest.raises(Conflict, match="n is on trial") as busy:
        wishes.rollback(state(), replace(SHELVED, on_trial="n"), "", WISH)
    assert busy.value.hint == "sudo systemctl start pm-runner-rollback@prod"


def test_what_was_built_of_a_commit_is_tried_where_nothing_depends_on_it() -> None:
    fact = wishes.attempt(state(), LOOKED, TRY, WISH)

    assert (fact.deed, fact.environment, fact.release) == (Deed.TRY, "dev", NEW.id)
    assert (fact.source, fact.seal) == (SOURCE, "")
    with pytest.raises(Refused, match="dev has no release of it") as refused:
        wishes.attempt(state(), LOOKED, replace(TRY, releases=(OLD,)), WISH)
    assert "--env dev release build --fetch cccc" in (refused.value.hint or "")
    with pytest.raises(Refused, match="it runs already"):
        wishes.attempt(state(), LOOKED, replace(TRY, running=NEW.id), WISH)
    with pytest.raises(NotFound, match="no such"):
        wishes.attempt(state(), replace(LOOKED, commit_why="no such"), TRY, WISH)


def test_each_that_is_asked_for_has_a_name_of_its_own() -> None:
    once = state()
    evolve(once, wishes.promote(once, LOOKED, SEAL, WISH), AT)
    over = ev.PromotionRefused(promotion="x1-4f2a", project="w1", reason="no")
    evolve(once, over, AT)

    assert wishes.promote(once, LOOKED, SEAL, WISH).promotion == "x2-4f2a"

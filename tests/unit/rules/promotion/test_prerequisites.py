from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.errand import Audited
from pmrunnerd.model.gates import Difference, Differences, Verdict
from pmrunnerd.model.views import Complaint
from pmrunnerd.rules.promotion import prerequisites
from tests.unit.rules.gates import tries
from tests.unit.rules.promotion.premises import (
    LOOKED,
    NEW,
    OLD,
    PROJECT,
    RECORD,
    SEAL,
    release,
    state,
)
from tests.unit.rules.promotion.test_promotions import ASKED

assert LOOKED.evidence is not None
assert LOOKED.weaker is not None
EVIDENCE, WEAKER = LOOKED.evidence, LOOKED.weaker
LESS = Differences(digest="4f2a", found=(Difference(gate="lint", words="gate lint is gone"),))


def test_where_everything_holds_nothing_is_unmet() -> None:
    found = prerequisites.checklist(state(), LOOKED, SEAL)

    assert prerequisites.unmet(found) == ()
    assert not prerequisites.waits_for_approval(found)
    assert prerequisites.waits_for_approval(prerequisites.checklist(state(), LOOKED))


FAILED = replace(RECORD, results=(tries.result("lint"), tries.result("unit", Verdict.FAILED)))
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("environment", {"environment": "dev"}, "only prod", "pmrunnerctl --env prod promote"),
    (
        "project",
        {"project": replace(PROJECT, project_type=ProjectType.NORMAL)},
        "not this runner itself",
        "pmrunnerctl project list",
    ),
    (
        "commit",
        {"commit_why": "cannot find x"},
        "cannot find x",
        "git -C /opt/dev log --oneline -5",
    ),
    ("workspace", {"workspace": Audited(branch="main", head="c", files=("a",))}, "a", "git -C"),
    ("gates", {"record": None}, "nothing was gated", "pmrunnerctl gate run runner --all"),
    ("gates", {"record": FAILED}, "unit: failed", "pmrunnerctl gate show g1"),
    ("gates", {"source": "0" * 64}, "not 000000", "pmrunnerctl gate run runner --all"),
    ("gates", {"going": "g7"}, "g7 has not ended", "pmrunnerctl gate show g7"),
    ("release", {"releases": (OLD,)}, "there is no release of it", "pmrunnerctl release list"),
    ("release", {"running": NEW.id}, "runs already", "pmrunnerctl status"),
    ("release", {"soabi": "other"}, "this Python is other", "pmrunnerctl release show"),
    ("release", {"level": 2}, "up to level 1, and this one is of level 2", "pmrunnerctl release"),
    (
        "release",
        {"releases": (OLD, release(trouble="damaged"))},
        "cannot be read: damaged",
        "pmrunnerctl release show",
    ),
    ("release", {"record": replace(RECORD, build="")}, "no built tree", "pmrunnerctl gate run"),
    (
        "no weaker",
        {"weaker": replace(WEAKER, differences=LESS)},
        "less than release 1.0, in 1 way",
        "pmrunnerctl gate accept g1 4f2a",
    ),
    ("no weaker", {"weaker": None, "weaker_why": "it is damaged"}, "it is damaged", "pmrunnerctl"),
    ("evidence", {"evidence": None, "evidence_why": "no git"}, "no git", "pmrunnerctl evidence"),
    (
        "evidence",
        {"evidence": replace(EVIDENCE, complaints=(Complaint(what="a", remedy="b"),) * 2)},
        "a, and 1 more",
        "pmrunnerctl evidence check runner",
    ),
    (
        "evidence",
        {"evidence": replace(EVIDENCE, seal="")},
        "no section",
        "pmrunnerctl evidence write runner",
    ),
    ("nothing else", {"on_trial": "1.2-x"}, "1.2-x is on trial", "pmrunnerctl promotion list"),
]


@pytest.mark.parametrize(("name", "change", "said", "remedy"), CASES)
def test_what_does_not_hold_is_said_with_what_mends_it(
    name: str, change: dict[str, Any], said: str, remedy: str
) -> None:
    found = prerequisites.checklist(state(), replace(LOOKED, **change), SEAL)

    (one,) = (item for item in prerequisites.unmet(found) if item.name == name)
    assert said in one.said
    assert any(each.startswith(remedy) for each in one.remedies), one.remedies


def test_a_section_that_was_changed_since_is_not_approved() -> None:
    found = prerequisites.checklist(state(), LOOKED, "f" * 64)

    (one,) = prerequisites.unmet(found)
    assert "ffffffffffff was approved, and the section is eeeeeeeeeeee by now" in one.said
    assert one.remedies == (f"pmrunnerctl promote runner --approve {SEAL}",)


def test_nothing_else_may_be_under_way() -> None:
    (one,) = prerequisites.unmet(prerequisites.checklist(state(ASKED), LOOKED, SEAL))

    assert one.said == "promote x1-4f2a of 1.0-0123456789ab is REQUESTED"
    assert one.remedies == ("pmrunnerctl promotion show x1-4f2a",)


def test_all_of_it_is_said_at_once() -> None:
    bare = replace(LOOKED, record=None, workspace=Audited(files=("a",)), weaker=None)
    found = prerequisites.checklist(state(), bare, SEAL)

    text, hint = prerequisites.told("cannot promote runner", found)

    assert text.startswith("cannot promote runner: 4 of 10 prerequisites are unmet\n  workspace: ")
    remedies = hint.splitlines()
    assert len(remedies) >= 4
    assert len(set(remedies)) == len(remedies), "one command, once"


def test_what_is_gated_for_the_first_time_is_compared_with_nothing() -> None:
    first = replace(LOOKED, weaker=replace(WEAKER, before=""))

    said = {one.name: one.said for one in prerequisites.checklist(state(), first, SEAL)}

    assert said["no weaker"] == "nothing was gated before"


def test_the_gate_run_that_counts_is_the_latest_by_the_time_that_it_is_decided() -> None:
    looked = replace(LOOKED, weaker=replace(WEAKER, run="g0"))

    now = prerequisites.current(state(), looked)

    assert now.record is not None
    assert (now.record.id, now.weaker, now.weaker_why[:11]) == ("g1", None, "gate run g1")
    assert prerequisites.current(state(), LOOKED).weaker == WEAKER


def test_a_gate_run_that_may_be_about_it_is_waited_for() -> None:
    other = replace(tries.REQUESTED, gate_run="g2", commit="0" * 40)
    assert prerequisites.current(state(other), LOOKED).going == ""

    for commit in ("", "cccc"):
        latest = replace(tries.REQUESTED, gate_run="g2", commit=commit)
        assert prerequisites.current(state(latest), LOOKED).going == "g2"


def test_what_runs_already_is_not_there_to_be_approved() -> None:
    found = prerequisites.checklist(state(), replace(LOOKED, running=NEW.id))

    (one,) = (item for item in prerequisites.unmet(found) if item.name == prerequisites.APPROVAL)
    assert (one.said, one.remedies) == ("there is nothing to approve, for it runs already", ())

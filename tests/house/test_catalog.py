from typing import get_args

import msgspec
import pytest

from pmrunnerd.chronicle import TOLD
from pmrunnerd.model import events as ev
from pmrunnerd.model.catalog import MESSAGE_IDS
from pmrunnerd.services.entries import BUG, ENDED
from tests.house import catalog
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")

FACTS = {str(kind.__struct_config__.tag): kind for kind in get_args(ev.AnyEvent)}


def test_each_kind_of_event_has_an_identifier_and_an_explanation() -> None:
    said = FACTS.keys() | catalog.said_names(ROOT) | {BUG, ENDED}

    assert said <= MESSAGE_IDS.keys()
    explained = catalog.entries(ROOT)
    assert {one.name: one.identifier for one in explained} == MESSAGE_IDS
    assert len(explained) == len(MESSAGE_IDS), "each once"


def test_an_identifier_that_was_given_never_changes() -> None:
    assert catalog.digest(MESSAGE_IDS, catalog.FIRST) == catalog.DIGEST


def test_an_explanation_says_what_state_things_are_in_and_what_to_type_next() -> None:
    must_hold(catalog.badly_explained(ROOT))


def test_an_explanation_stands_on_what_each_fact_of_its_kind_has() -> None:
    must_hold(catalog.uncertain(ROOT, {name: _certain(fact) for name, fact in FACTS.items()}))


def _certain(fact: type[msgspec.Struct]) -> set[str]:
    required = {field.name for field in msgspec.structs.fields(fact) if field.required}
    return {TOLD.get(name, name) for name in required} | {"changed", "env", "project", "task"}


def test_an_entry_that_explains_nothing_is_found(plant: Plant) -> None:
    entry = f"# moon-landed\n-- {'0' * 32}\nSubject: @MOON@\nSupport: x\n\nIt did.\n"
    root = plant({catalog.CATALOG: f"# What it is\n\n{entry}"})

    assert catalog.badly_explained(root) == [
        "systemd/pm-runner.catalog: moon-landed: has no Defined-By, Documentation",
        "systemd/pm-runner.catalog: moon-landed: says no command to type next",
        "systemd/pm-runner.catalog: moon-landed: no entry has MOON",
    ]


def test_a_field_that_is_not_always_there_is_found(plant: Plant) -> None:
    entry = f"# moon-landed\n-- {'0' * 32}\nSubject: @PMRUNNER_MOON@\n\n@PMRUNNER_BY@ saw it.\n"
    root = plant({catalog.CATALOG: entry})

    assert catalog.uncertain(root, {"moon-landed": {"moon"}}) == [
        "systemd/pm-runner.catalog: moon-landed: not always there: by"
    ]


def test_an_event_that_is_said_anywhere_is_found(plant: Plant) -> None:
    root = plant(
        {
            "pmrunnerd/moon.py": 'log.info("moon-landed", extra={"fields": {}})\n'
            'log.info("a remark")\nevent("moon-left", 1, {})\n'
        }
    )

    assert catalog.said_names(root) == {"moon-landed", "moon-left"}

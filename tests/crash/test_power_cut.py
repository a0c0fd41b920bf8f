"""Every moment of a power cut, in a file system in memory: nothing promised is lost or doubled."""

import random
import sys
from functools import cache

import pytest

from tests.crash.scenarios import SCENARIOS
from tests.crash.trial import Trial
from tests.everything import EVERYTHING

pytestmark = [pytest.mark.xdist_group("power cut"), pytest.mark.timeout(3600)]

SEED = 20261125
LEAST = 10_000
# How many states are tried at each moment, and in what share of them the power is cut again while
# the next daemon starts, where a scenario does not ask for more; more of both on demand.
MANY, AGAIN = (60, 0.2) if EVERYTHING else (6, 0.002)


@cache
def tried(name: str) -> Trial:
    trial = Trial(random.Random(f"{SEED} {name}"), many=MANY, again=AGAIN)
    SCENARIOS[name](trial)
    trial.finish()
    return trial


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_state_of_a_power_cut(name: str) -> None:
    assert tried(name).counts["states"]


def test_at_least_ten_thousand_distinct_states_were_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known: set[bytes] = set()
    lines = []
    for name in SCENARIOS:
        trial = tried(name)
        known |= trial.known.keys()
        moments, states = trial.counts["moments"], len(trial.known)
        lines.append(f"{name:20} {moments:7} moments {states:7} states")
    with capsys.disabled():
        total = f"{len(known)} distinct states of a power cut"
        sys.stdout.write("\n".join(["", *lines, total, ""]))
    assert len(known) >= LEAST

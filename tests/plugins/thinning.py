"""Of a test with many variants a full run tries three, in rooms where each takes seconds; with
PMRUNNER_TEST_EVERYTHING=1, or where somebody chose what to run, all of them.

They are the same ones each time: the first, the last, and the one in the middle, and each that
required.txt names.
"""

from collections import defaultdict
from typing import Any, Final

import pytest

from tests.everything import EVERYTHING
from tests.plugins.promises import is_full, plain, required

ROOMS: Final = (
    "tests/integration/acp/",
    "tests/integration/claude/",
    "tests/integration/runhost/",
    "tests/unit/services/test_keeping.py",
    "tests/unit/services/test_subkeeping.py",
)
_THIN: Final = "variants are left out"


def chosen(ids: list[str], named: frozenset[str]) -> set[str]:
    """Return those of a test's variants that are tried."""
    last = len(ids) - 1
    return {ids[0], ids[last // 2], ids[last], *(id for id in ids if id in named)}


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist: a worker is not told what nobody chose
def pytest_configure_node(node: Any) -> None:
    node.workerinput[_THIN] = is_full(node.config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    told = getattr(config, "workerinput", None)
    if EVERYTHING or not (is_full(config) if told is None else told.get(_THIN)):
        return
    variants = defaultdict[str, list[str]](list)
    for item in items:
        if item.nodeid.startswith(ROOMS):
            variants[item.nodeid.partition("[")[0]].append(plain(item.nodeid))
    named = frozenset(required(config.rootpath / config.getini("required")))
    stay = {id for ids in variants.values() for id in chosen(ids, named)}
    out = [
        item for item in items if item.nodeid.startswith(ROOMS) and plain(item.nodeid) not in stay
    ]
    if out:
        config.hook.pytest_deselected(items=out)
        left = set(map(id, out))
        items[:] = [item for item in items if id(item) not in left]

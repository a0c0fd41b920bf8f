"""The configuration that the package brings: it says nothing, and shows all that can be said."""

import re
import tomllib
from typing import Any

from pmrunnerd.model.configuration import resolve
from pmrunnerd.model.settings import Settings, table
from tests.house.tree import ROOT

TEXT = (ROOT / "systemd/pm-runner.toml").read_text()


def named(within: dict[str, Any], before: str = "") -> set[str]:
    known = {row.key for row in table()}
    found: set[str] = set()
    for name, value in within.items():
        key = f"{before}{name}"
        found |= {key} if key in known else named(value, f"{key}.")
    return found


def test_it_changes_nothing_as_it_is() -> None:
    assert resolve(tomllib.loads(TEXT), {}, {}) == Settings()


def test_every_setting_stands_in_it_behind_one_character_with_its_default() -> None:
    said = tomllib.loads(re.sub(r"^#(?! )", "", TEXT, flags=re.MULTILINE))

    assert named(said) == {row.key for row in table()}
    assert resolve(said, {}, {}) == Settings()

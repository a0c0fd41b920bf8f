import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.store.damage import DAMAGES, everything, messages, segments, state
from tests.unit.store.dying import Dying, Killed
from tests.unit.store.test_repair import mend


@pytest.mark.parametrize("damage", DAMAGES)
def test_killed_at_any_moment_a_second_repair_finishes_and_nothing_is_lost(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    model = state(tmp_path / "model")
    damage(model)
    originals = {path.read_bytes() for path in segments(model)}
    whole = tmp_path / "whole"
    shutil.copytree(model, whole)
    mend(whole)
    expected = messages(whole)
    for moment in range(1000):
        here = tmp_path / f"killed-{moment}"
        shutil.copytree(model, here)
        disk = Dying(moment)
        try:
            mend(here, disk=disk)
        except Killed:
            disk.bury()
            mend(here)
            assert messages(here) == expected
            assert originals <= set(everything(here).values())
            shutil.rmtree(here)
        else:
            break
    assert moment > 5

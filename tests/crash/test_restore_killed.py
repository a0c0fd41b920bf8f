import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pmrunnerd.store.durable import Disk
from pmrunnerd.store.restore import prepare, restore
from tests.unit.store.archives import archived, packed
from tests.unit.store.damage import everything, messages, state, without_a_journal
from tests.unit.store.dying import Dying, Killed
from tests.unit.store.parts import opened
from tests.unit.store.test_restore import HERE, other

EMPTY = packed({"journal/00000001.jsonl": b""})


def full(tmp_path: Path) -> bytes:
    return archived(state(tmp_path / "one"))


def empty(_: Path) -> bytes:
    """An archive of a state in which nothing happened: it has no snapshot, which stays behind."""
    return EMPTY


@pytest.mark.parametrize("make", [full, empty])
@pytest.mark.parametrize("damage", [None, without_a_journal])
def test_killed_at_any_moment_there_is_the_old_state_or_the_new_one_and_nothing_is_lost(
    tmp_path: Path, make: Callable[[Path], bytes], damage: Callable[[Path], None] | None
) -> None:
    archive = make(tmp_path)
    model = other(tmp_path / "model")
    old = set() if damage else messages(model)
    if damage:
        damage(model)
    originals = everything(model)
    restore(Disk(), tmp_path / "whole", io.BytesIO(archive), HERE)
    new = messages(tmp_path / "whole")
    seen = set()
    for moment in range(1000):
        here = tmp_path / f"killed-{moment}"
        shutil.copytree(model, here)
        disk = Dying(moment)
        try:
            restore(disk, here, io.BytesIO(archive), HERE)
        except Killed:
            disk.bury()
            if damage and not (here / "restore" / "READY").exists():
                restore(Disk(), here, io.BytesIO(archive), HERE)
            found = messages(here)
            assert found in (old, new)
            seen.add(found == new)
            assert not (here / "restore").exists()
            assert set(originals.values()) - {b""} <= set(everything(here).values())
            shutil.rmtree(here)
        else:
            break
    assert moment > 20
    assert True in seen
    assert damage or False in seen


def test_killed_while_it_is_finished_the_next_one_finishes(tmp_path: Path) -> None:
    archive = full(tmp_path)
    model = other(tmp_path / "model")
    originals = everything(model)
    prepare(Disk(), model, io.BytesIO(archive), HERE)
    for moment in range(1000):
        here = tmp_path / f"killed-{moment}"
        shutil.copytree(model, here)
        for again in range(moment % 3 + 1):
            disk = Dying(moment - again)
            try:
                with opened(here, disk=disk):
                    pass
            except Killed:
                disk.bury()
        assert messages(here) == messages(tmp_path / "one")
        kept = next((here / "set-aside").glob("*-before-restore"))
        assert everything(kept).items() >= {
            (name, data) for name, data in originals.items() if not name.startswith("set-aside")
        }
        shutil.rmtree(here)
        if moment > 60:
            break

import asyncio
from io import BufferedReader
from pathlib import Path

import pytest

from pmrunnerd.model import errand as e
from pmrunnerd.model.source import Wanted
from pmrunnerd.services.errands import Cargo
from pmrunnerd.services.errands.here import Here
from pmrunnerd.services.holding import Held
from tests.unit.services.parts import head, needs_sandbox, repository


def test_what_goes_wrong_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(Held):
        asyncio.run(Here().do(e.LetGo(workspace=str(tmp_path / "none"), runs=("r1-aaaa",))))


@needs_sandbox
def test_it_is_done_at_once_and_by_us(tmp_path: Path) -> None:
    here = repository(tmp_path / "w")

    assert asyncio.run(Here().do(e.Examine(path=str(here)))) == e.Inspected(path=str(here))


def test_there_is_nothing_of_others_to_clear_up() -> None:
    asyncio.run(Here().clear_abandoned())


def test_cargo_has_no_name_and_is_there_for_whoever_asked(tmp_path: Path) -> None:
    here, room, taken = repository(tmp_path / "w"), tmp_path / "room", list[bytes]()
    room.mkdir()

    def take(file: BufferedReader) -> None:
        assert list(room.iterdir()) == []
        taken.append(file.read())

    wanted = e.Bring(workspace=str(here), wanted=Wanted.TREE, commit=head(here), unconfined=True)
    asyncio.run(Here().do(wanted, cargo=Cargo(beside=room, take=take)))

    assert taken[0].startswith(f"{head(here)} commit ".encode())

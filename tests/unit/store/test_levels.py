from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.store.batch import Batch, decode, encode
from pmrunnerd.store.failures import TooNew
from pmrunnerd.store.levels import LEVEL, MIGRATIONS, Levels, NewerLevel
from tests.unit.store.parts import AT, filled, opened, project, said, texts


def louder(fact: dict[str, Any]) -> dict[str, Any]:
    """Stand for a change of format: from level 2 on messages are in capitals."""
    return fact | {"text": fact["text"].upper()} if "text" in fact else fact


NEXT = Levels(newest=2, writes=2, migrations={1: louder})


def test_there_is_a_way_up_from_every_older_level() -> None:
    assert sorted(MIGRATIONS) == list(range(1, LEVEL))


def test_a_new_level_is_written_only_once_the_release_before_can_read_it() -> None:
    assert NEXT.beside(None).writes == 2
    assert NEXT.beside(1).writes == 1
    assert NEXT.beside(2).writes == 2
    assert NEXT.beside(3).writes == 2


def test_what_an_older_release_wrote_is_read_as_the_new_one_has_it(tmp_path: Path) -> None:
    filled(tmp_path, messages=2)
    (tmp_path / "snapshot.json").unlink()
    with opened(tmp_path, levels=NEXT) as store:
        assert texts(store) == ["MESSAGE 1", "MESSAGE 2"]
        assert [fact.text for b in store.conversation("p1", None, 9) for fact in b.facts] == texts(  # type: ignore[union-attr]
            store
        )


def test_a_release_beside_an_older_one_writes_what_that_can_read(tmp_path: Path) -> None:
    filled(tmp_path, messages=1)
    with opened(tmp_path, levels=NEXT.beside(1)) as store:
        store.commit(said(2))
    with opened(tmp_path) as store:
        assert len(texts(store)) == 2


def test_a_state_of_a_newer_level_is_refused_by_line_and_nothing_of_it_changes(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path, messages=1)
    with opened(tmp_path, levels=NEXT) as store:
        store.commit(said(2))
    before = {p: p.read_bytes() for p in path.parent.iterdir()}
    (tmp_path / "snapshot.json").unlink()

    with (
        pytest.raises(TooNew, match=r"line 3 is of level 2, and this release reads .* up to 1"),
        opened(tmp_path),
    ):
        pass
    assert {p: p.read_bytes() for p in path.parent.iterdir()} == before
    with opened(tmp_path, levels=NEXT) as store:
        assert len(texts(store)) == 2


def test_a_level_that_nobody_knows_is_told_from_a_malformed_line() -> None:
    line = encode(Batch(seq=1, at=AT, level=3, facts=(project(),)))
    json = line[len(b'["00000000",') : -2]
    with pytest.raises(NewerLevel):
        decode(json)
    with pytest.raises(NewerLevel):
        decode(json.replace(b'"alias"', b'"nickname"'))

from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.store import memories
from pmrunnerd.store.store import Store


@pytest.fixture
def written(tmp_path: Path) -> bytes:
    """What is remembered of a state with a project and a message."""
    store = Store(tmp_path, lambda: "2026-01-02T03:04:05.000Z", release="1")
    try:
        store.commit(ev.ProjectAdded(project="w1", alias="cake", path="/srv/cake"))
        store.commit(ev.MessagePosted(message="m1", project="w1", text="a cake", by="anna"))
        store.flush()
        return memories.encode(store.state)
    finally:
        store.close()


def test_a_word_that_we_do_not_know_is_not_taken_for_another(written: bytes) -> None:
    strange = written.replace(b'"path":"/srv/cake"', b'"path":"/srv/cake","planApproval":"dream"')
    assert strange != written

    with pytest.raises(msgspec.DecodeError):
        memories.decode(strange)


def test_what_a_newer_release_adds_makes_no_difference(written: bytes) -> None:
    newer = written.replace(b'"path":', b'"colour":"blue","path":')
    newer = newer.replace(b'"projects":', b'"dreams":[{"id":"d1"}],"projects":')

    assert memories.decode(newer) == memories.decode(written)


def test_each_thing_is_found_by_its_table_and_name(written: bytes) -> None:
    remembered = memories.decode(written)
    found = memories.tables(remembered.living)

    assert remembered.seq == 2
    assert found["projects"]["w1"].alias == "cake"
    assert found["messages"]["m1"].text == "a cake"
    assert found["minted"] == {"w": 1, "m": 1}
    assert found["questions"] == {}

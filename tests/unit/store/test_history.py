from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.model import events as ev
from pmrunnerd.model.state import State
from pmrunnerd.store.batch import Batch, encode
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.history import CONVERSATION, History
from pmrunnerd.store.index import Index
from pmrunnerd.store.journal import Journal
from pmrunnerd.store.places import PAGE_BYTES
from tests.unit.store.parts import AT, said

PROJECTS = ("p1", "p2")


def told(directory: Path, batches: list[Batch], *, segment_limit: int = 600) -> History:
    journal = Journal(directory / "journal", Disk(), segment_limit=segment_limit)
    list(journal.replay(at_least=0, aside=directory, at=AT))
    history = History(journal, Index(Disk(), directory / "history", {}))
    for batch in batches:
        [place] = journal.append([encode(batch)]).places
        history.add(batch, place, State())
    journal.close()
    return history


def batch(seq: int, *projects: str, text: str = "hello") -> Batch:
    """Say something in each project; where there is none, something happens that nobody sees."""
    facts: tuple[ev.AnyEvent, ...] = tuple(said(seq, project=name, text=text) for name in projects)
    return Batch(seq=seq, at=AT, facts=facts or (ev.DaemonStarted(release="1", pid=seq),))


@given(
    said_in=st.lists(st.lists(st.sampled_from(PROJECTS), max_size=2), max_size=30),
    at=st.integers(0, 35),
    limit=st.integers(1, 12),
)
def test_a_page_at_any_depth_is_what_a_plain_list_would_give(
    tmp_path_factory: pytest.TempPathFactory, said_in: list[list[str]], at: int, limit: int
) -> None:
    batches = [batch(seq, *projects) for seq, projects in enumerate(said_in, start=1)]
    history = told(tmp_path_factory.mktemp("state"), batches)

    assert history.read(at, limit) == [b for b in batches if b.seq > at][:limit]
    for name in PROJECTS:
        mine = [b for b in batches if name in said_in[b.seq - 1]]
        assert history.conversation(name, None, limit) == mine[-limit:]
        assert history.conversation(name, at, limit) == [b for b in mine if b.seq < at][-limit:]
        after = [b for b in mine if b.seq > at]
        assert history.conversation_since(name, at, limit) == after[:limit]


def test_a_project_that_nobody_spoke_in_has_no_conversation(tmp_path: Path) -> None:
    history = told(tmp_path, [batch(1)])

    assert history.conversation("p1", None, 10) == []
    assert history.conversation_since("p9", 0, 10) == []
    assert history.read(1, 10) == history.read(99, 10) == []


def test_a_page_of_large_commits_is_cut_short_but_never_empty(tmp_path: Path) -> None:
    large = "x" * (PAGE_BYTES // 2)
    batches = [batch(seq, "p1", text=large) for seq in (1, 2, 3)]
    history = told(tmp_path, batches, segment_limit=1 << 30)

    assert [b.seq for b in history.read(0, 10)] == [1]
    assert [b.seq for b in history.conversation("p1", None, 10)] == [3]
    assert [b.seq for b in history.conversation("p1", 3, 10)] == [2]
    assert [b.seq for b in history.conversation_since("p1", 1, 10)] == [2]


def test_what_somebody_said_is_found_by_its_name(tmp_path: Path) -> None:
    history = told(tmp_path, [batch(1), batch(2, "p1", text="two"), batch(3, "p1", text="three")])

    found = history.message("m2")
    assert found is not None
    assert found.text == "two"
    assert [history.message(name) for name in ("m1", "m4", "m99")] == [None, None, None]


def test_only_facts_that_belong_to_a_project_are_part_of_its_conversation() -> None:
    with_project = {fact for fact in get_args(ev.AnyEvent) if "project" in fact.__struct_fields__}

    assert with_project >= CONVERSATION
    assert ev.RunBegan not in CONVERSATION


def test_when_and_why_the_files_of_a_run_went_is_found_by_its_whole_name(tmp_path: Path) -> None:
    gone = ev.RunPruned(run="r7-aaaa", project="p1", size=9, reason="it is old")
    other = ev.RunPruned(run="r3-bbbb", project="p1", size=9, reason="it is old")
    history = told(tmp_path, [batch(1), Batch(seq=2, at=AT, facts=(gone, other))])

    assert history.pruned("r7-aaaa") == (AT, gone)
    assert history.pruned("r3-bbbb") == (AT, other)
    # A run of a state directory that was started over since has the number, and not the name.
    assert [history.pruned(name) for name in ("r7-cccc", "r5-aaaa", "r99-aaaa")] == [None] * 3

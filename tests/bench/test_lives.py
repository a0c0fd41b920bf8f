"""The histories of the bench are what a store writes: it opens them, and everything has ended."""

from pathlib import Path

from pmrunnerd.model.entities import PlanState, TaskState
from pmrunnerd.store.batch import encode
from tests.bench import lives
from tests.unit.store.parts import opened


def test_a_written_past_opens_and_nothing_of_it_is_left_to_do(tmp_path: Path) -> None:
    commits = lives.write(tmp_path / "state", 40)

    with opened(tmp_path / "state") as store:
        assert store.durable == commits
        assert not store.state.messages
        assert not store.state.active
        open_states = {TaskState.QUEUED, TaskState.RUNNING, TaskState.AWAITING_RESPONSE}
        assert not [t for t in store.state.tasks.values() if t.state in open_states]
        assert not [p for p in store.state.plans.values() if p.state is PlanState.ACTIVE]
        # The same bytes as the store itself would have written.
        lines = [encode(batch) for batch in store.read(0, 1000)]
    assert b"".join(lines) == (tmp_path / "state/journal/00000001.jsonl").read_bytes()


def test_most_messages_end_well_some_badly_and_some_ask(tmp_path: Path) -> None:
    lives.write(tmp_path / "state", 100)

    with opened(tmp_path / "state") as store:
        conversation = [b for n in "123" for b in store.conversation(f"w{n}", None, 1000)]
        facts = [type(fact).__name__ for batch in conversation for fact in batch.facts]
    assert facts.count("MessagePosted") == 100
    assert facts.count("TaskCompleted") == 85
    assert facts.count("TaskFailed") == facts.count("QuestionAnswered") == 10
    assert facts.count("TaskCancelled") == facts.count("TaskInterrupted") == 5


def test_a_long_past_has_segments_as_the_store_makes_them(tmp_path: Path) -> None:
    commits = lives.write(tmp_path / "state", 50, segment_limit=20_000)

    sizes = [path.stat().st_size for path in sorted((tmp_path / "state/journal").iterdir())]
    assert len(sizes) > 2
    assert all(20_000 <= size < 21_000 for size in sizes[:-1])
    with opened(tmp_path / "state") as store:
        assert store.durable == commits

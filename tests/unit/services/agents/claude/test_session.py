"""Sessions are copied from run to run, and know what they wait for."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.services.agents import kept
from pmrunnerd.services.agents.claude.session import Session
from tests.unit.shortage import no_file_longer_than

NAME = "11111111-2222-4333-8444-555555555555"


def session(root: Path, *entries: Any, rest: str = "") -> Session:
    """Return a session with a transcript; `rest` is a line that is not whole."""
    found = Session(root / "r1", NAME, [])
    place = found.directory / "projects" / "-srv-project"
    place.mkdir(parents=True)
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    (place / f"{NAME}.jsonl").write_text(lines + rest)
    return found


def call(name: str, question: str = "Which?", tool: str = "AskUserQuestion") -> dict[str, Any]:
    given = {"questions": [{"question": question}]}
    block = {"type": "tool_use", "id": name, "name": tool, "input": given}
    return {"type": "assistant", "message": {"content": [block]}}


def deferred(name: str) -> dict[str, Any]:
    return {"attachment": {"type": "hook_deferred_tool", "toolUseID": name}}


def test_a_session_that_never_was_waits_for_nothing(tmp_path: Path) -> None:
    found = Session(tmp_path / "r1", NAME, [])

    assert found.transcript() is None
    assert found.waiting().calls == {}


def test_a_call_whose_answer_is_told_in_words_is_not_made_again(tmp_path: Path) -> None:
    found = session(tmp_path, call("a"), deferred("a"), rest='{"type": "us')
    assert found.waiting().again == "a"

    found.note_told(["a"])

    assert found.waiting().again == ""
    assert found.waiting().heard == frozenset()
    assert list(found.waiting().calls) == ["a"], "it has no result yet"


def test_a_run_gets_a_copy_of_what_the_latest_run_left(tmp_path: Path) -> None:
    first = session(tmp_path, call("a"))
    empty = tmp_path / "r2"
    empty.mkdir()
    later = Session(tmp_path / "r3", NAME, [tmp_path / "r1", empty])
    later.directory.parent.mkdir()

    later.prepare()
    path = later.transcript()
    assert path is not None
    path.write_text("")

    assert first.waiting().calls
    later.prepare()
    assert path.read_text() == ""


def test_the_count_of_its_cost_begins_where_the_cli_last_wrote_it_down(tmp_path: Path) -> None:
    sums = [{"type": "cost-state", "totalCostUSD": one} for one in (0.01, 0.25, "much")]

    assert session(tmp_path, call("a"), *sums, rest='{"type": "cost-st').counted() == 0.25


def test_the_count_of_one_that_never_ended_in_order_begins_with_nothing(tmp_path: Path) -> None:
    assert session(tmp_path, call("a")).counted() == 0.0


def chained(uuid: str) -> dict[str, Any]:
    return {"type": "user", "uuid": uuid, "message": {"content": "x"}}


def ended(leaf: str) -> dict[str, Any]:
    return {"type": "last-prompt", "lastPrompt": "Do it", "leafUuid": leaf}


def taken_over(root: Path) -> list[Any]:
    """Return what a run has of the session of the one before it."""
    now = Session(root / "r2", NAME, [root / "r1"])
    now.prepare()
    path = now.transcript()
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_that_was_killed_after_an_earlier_end_goes_on_from_its_last_entry(
    tmp_path: Path,
) -> None:
    entries = [chained("a"), ended("a"), chained("b"), {**chained("s"), "isSidechain": True}]
    before = session(tmp_path, *entries, rest='{"type":"assis')
    assert taken_over(tmp_path) == [*entries, ended("b")]
    # What the run before left is as it was.
    path = before.transcript()
    assert path is not None
    assert path.read_text().endswith('{"type":"assis')


def test_where_its_end_cannot_be_written_nothing_of_the_copy_is_lost(tmp_path: Path) -> None:
    entries = [chained("a"), ended("a"), chained("b")]
    session(tmp_path, *entries)
    now = Session(tmp_path / "r2", NAME, [tmp_path / "r1"])
    kept.prepare(now.directory.parent, [tmp_path / "r1"])
    path = now.transcript()
    assert path is not None
    with no_file_longer_than(10), pytest.raises(OSError, match="File too large"):
        now.prepare()

    assert [json.loads(line) for line in path.read_text().splitlines()] == entries
    now.prepare()
    assert json.loads(path.read_text().splitlines()[-1]) == ended("b")


@pytest.mark.parametrize("where", ["projects", "projects/-srv-project", "transcript"])
def test_a_link_is_no_transcript_and_what_it_leads_to_stays_as_it_is(
    tmp_path: Path, where: str
) -> None:
    other = tmp_path / "other"
    before = session(other, chained("a"), ended("a"), chained("b")).transcript()
    assert before is not None
    made = session(tmp_path, chained("a"))
    path = made.transcript()
    assert path is not None
    place = path if where == "transcript" else made.directory / where
    theirs = before.parents[path.parents.index(place.parent)] / place.name
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    place.symlink_to(theirs)
    content = before.read_bytes()

    later = Session(tmp_path / "r2", NAME, [tmp_path / "r1"])
    later.directory.parent.mkdir()
    later.prepare()

    assert later.transcript() is None
    assert before.read_bytes() == content


def test_a_pipe_in_the_place_of_a_transcript_is_not_waited_for(tmp_path: Path) -> None:
    made = session(tmp_path)
    path = made.transcript()
    assert path is not None
    path.unlink()
    os.mkfifo(path)
    made.prepare()
    assert made.waiting().calls == {}


def test_one_that_came_to_its_end_is_left_as_it_is(tmp_path: Path) -> None:
    entries = [chained("a"), chained("b"), ended("a"), {"type": "cost-state"}]
    session(tmp_path, *entries)
    assert taken_over(tmp_path) == entries


def test_one_that_never_came_to_an_end_is_left_as_it_is(tmp_path: Path) -> None:
    session(tmp_path, chained("a"), chained("b"))
    assert taken_over(tmp_path) == [chained("a"), chained("b")]

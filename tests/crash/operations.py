"""What a daemon does while strace kills it or lies to it: its own work, and what is true after it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval
from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.journal import SEGMENT_LIMIT
from tests.crash.diary import Diary
from tests.crash.traced import PATIENCE, Traced
from tests.integration.daemon import Daemon, a_repository, facts
from tests.unit.store.parts import opened, project, said

MESSAGES: Final = 7


def until(reached: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


# A start, work, and leaving


def torn(directory: Path) -> None:
    """Make a state with a project, a message, a snapshot, and a torn tail to recover from."""
    settled(directory)
    with (directory / "state" / "journal" / "00000001.jsonl").open("ab") as journal:
        journal.write(b'["0000')


def settled(directory: Path, *texts: str) -> None:
    """Make a state with a project, a few messages and a snapshot."""
    state = directory / "state"
    with Daemon(state, "--store-checkpoint=4") as daemon:
        daemon.add_project("demo", plan_approval="manual")
        for text in texts or ("before",):
            daemon.say("demo", text)
    assert snapshot.load(Disk(), state) is not None


def talk(_: Traced, diary: Diary) -> None:
    for count in range(1, MESSAGES + 1):
        diary.change(p.ChatSend(project="demo", text=f"echo {count}"))
        if count % 2 == 0:
            until(lambda: _waiting(diary))
            diary.change(p.PlanReject(plan=_waiting(diary)[0], reason="no"))
    diary.change(p.ProjectSet(project="demo", bootstrap_prompt="last"))


def begin_and_talk(daemon: Traced, diary: Diary) -> None:
    path = str(a_repository(daemon.home / "demo"))
    diary.change(p.ProjectAdd(alias="demo", path=path, plan_approval=PlanApproval.MANUAL))
    talk(daemon, diary)


def _waiting(diary: Diary) -> list[str]:
    rows = diary.look(p.PlanList(project="demo", limit=50)).plans
    return [row.plan.id for row in rows if row.plan.state == "AWAITING_APPROVAL"]


def as_told(daemon: Traced, diary: Diary) -> None:
    """Everything that was acknowledged is there once, and is answered as it was."""
    texts = [r.text for r in diary.asked.values() if isinstance(r, p.ChatSend)]
    found = messages(daemon)
    assert found[found[:1] == ["before"] :] == texts
    set_to = [r for r in diary.asked.values() if isinstance(r, p.ProjectSet)]
    shown = daemon.ask(p.ProjectShow(project="demo")).project
    assert shown.bootstrap_prompt == ("last" if set_to else "")
    same_answers(daemon, diary)


def same_answers(daemon: Traced, diary: Diary) -> None:
    """What is asked again is answered as it was, and each fact is there once."""
    again = Diary(daemon.home / "again.diary", daemon.socket)
    for identifier, request in diary.asked.items():
        assert again.ask(request, identifier) == diary.told[identifier]
    again.close()
    posted = [f["message"] for f in facts(daemon.state) if f["fact"] == "message-posted"]
    assert len(posted) == len(set(posted))


def messages(daemon: Traced) -> list[str]:
    """Return what was said, as the daemon tells it."""
    entries: list[Any] = list(daemon.ask(p.ChatHistory(project="demo", limit=1000)).entries)
    return [entry.text for entry in entries if entry.kind == "message"]


# The next segment


def nearly_full(directory: Path) -> None:
    """Make a state whose segment has no room for more than a few commits."""
    settled(directory)
    state = directory / "state"
    path = state / "journal" / "00000001.jsonl"
    with opened(state) as store:
        store.commit(project("w900"))
        store.flush()
        while (room := SEGMENT_LIMIT - path.stat().st_size - 1200) > 0:
            text = "x" * min(room, 1 << 20)
            store.commit(said(900 + store.durable, project="w900", text=text))
            store.flush()
    assert SEGMENT_LIMIT - 1200 <= path.stat().st_size < SEGMENT_LIMIT - 600


def two_segments(daemon: Traced, diary: Diary) -> None:
    assert (daemon.state / "journal" / "00000002.jsonl").stat().st_size > 0
    as_told(daemon, diary)


# Questions


def nothing(directory: Path) -> None:
    """Make nothing: a state is there once a daemon was."""


def ask_and_answer(daemon: Traced, diary: Diary) -> None:
    path = a_repository(daemon.home / "demo")
    diary.change(p.ProjectAdd(alias="demo", path=str(path)))
    diary.change(p.ChatSend(project="demo", text='pm-ask "Which fruit?" >> fruit'))
    until(lambda: diary.look(p.Inbox(project="demo")).items)
    (item,) = diary.look(p.Inbox(project="demo")).items
    diary.change(p.Answer(question=item.id, text="apple"))
    until(lambda: _completed(diary))


def _completed(diary: Diary) -> int:
    entries = diary.look(p.ChatHistory(project="demo", limit=100)).entries
    return sum(entry.kind == "complete" and entry.task != "" for entry in entries)


def answered_once(daemon: Traced, diary: Diary) -> None:
    as_told(daemon, diary)
    assert (daemon.home / "demo" / "fruit").read_text() == "apple\n"
    told = [f["question"] for f in facts(daemon.state) if f["fact"] == "question-answered"]
    assert len(told) == 1


def texts_of(state: Path) -> list[str]:
    return [fact["text"] for fact in facts(state) if fact["fact"] == "message-posted"]

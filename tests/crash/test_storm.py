"""Twenty rounds of `kill -9` under four clients: nothing acknowledged is lost, nothing is doubled.

Three clients send messages and decide about plans; the fourth has real runs that ask, and answers
them. Each client asks again with the same request identifier while the daemon is away.
"""

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState
from tests.integration.daemon import Daemon, facts, git

ROUNDS = 20
SEED = 20261124
FRUIT = ("apple", "cherry", "plum")


class Diary:
    """What one client was told, in order. Only what was acknowledged is in it."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}
        self.approved: set[str] = set()
        self.rejected: set[str] = set()
        self.answered: dict[str, str] = {}


def talk(daemon: Daemon, alias: str, diary: Diary, over: threading.Event) -> None:
    """Send messages as fast as they are acknowledged; approve nothing, reject every third plan."""
    count = 0
    with daemon.client(patience=60) as client:
        while not over.is_set():
            count += 1
            text = f"echo {alias} {count}"
            message = client.call(p.ChatSend(project=alias, text=text)).id
            assert message not in diary.sent
            diary.sent[message] = text
            if count % 3 == 0:
                for row in client.call(p.PlanList(project=alias, limit=3)).plans:
                    if row.plan.state is PlanState.AWAITING_APPROVAL:
                        client.call(p.PlanReject(plan=row.plan.id, reason="not today"))
                        diary.rejected.add(row.plan.id)


def bake(daemon: Daemon, diary: Diary, over: threading.Event) -> None:
    """Have one thing done after another, each of which asks."""
    dice = random.Random(SEED)
    with daemon.client(patience=60) as client:
        while not over.is_set():
            text = f'pm-ask "Which fruit for {len(diary.answered)}?" >> fruit'
            diary.sent[client.call(p.ChatSend(project="cake", text=text)).id] = text
            item = None
            while item is None:
                items = client.call(p.Inbox(project="cake")).items
                item = items[0] if items else None
            choice = dice.choice(FRUIT)
            client.call(p.Answer(question=item.id, text=choice))
            diary.answered[item.id] = choice


@pytest.mark.timeout(300)
def test_twenty_kills_under_four_clients_lose_and_double_nothing(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    over = threading.Event()
    diaries = {alias: Diary() for alias in ("one", "two", "three", "cake")}
    trouble: list[BaseException] = []

    def guarded(work: object, *arguments: object) -> None:
        try:
            work(*arguments)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            trouble.append(error)
            over.set()

    with Daemon(tmp_path / "state") as daemon:
        for alias in ("one", "two", "three"):
            daemon.add_project(alias, plan_approval="manual")
        cake = daemon.add_project("cake")
        clients = [
            threading.Thread(target=guarded, args=(talk, daemon, alias, diaries[alias], over))
            for alias in ("one", "two", "three")
        ]
        clients.append(threading.Thread(target=guarded, args=(bake, daemon, diaries["cake"], over)))
        for client in clients:
            client.start()
        try:
            for _ in range(ROUNDS):
                over.wait(dice.uniform(0.02, 0.6))
                daemon.kill()
                daemon.start()
        finally:
            over.set()
            for client in clients:
                client.join(90)
        assert not trouble, trouble
        answered = diaries["cake"].answered
        daemon.until_kind("cake", "complete", len(answered))
        for alias, diary in diaries.items():
            assert conversation(daemon, alias) == diary.sent, alias
        for alias in ("one", "two", "three"):
            rows = daemon.ask(p.PlanList(project=alias, limit=1000)).plans
            rejected = {row.plan.id for row in rows if row.plan.state is PlanState.REJECTED}
            assert diaries[alias].rejected & {row.plan.id for row in rows} <= rejected

    told = facts(tmp_path / "state")
    assert given_answers(told) == answered
    kinds = Counter(fact["fact"] for fact in told)
    assert kinds["daemon-started"] == ROUNDS + 1
    messages = [fact["message"] for fact in told if fact["fact"] == "message-posted"]
    planned = [fact["message"] for fact in told if fact["fact"] == "plan-drafted"]
    assert len(set(messages)) == len(messages)
    assert sorted(planned) == sorted(messages)
    # Each answer reached its script exactly once, and was committed exactly once.
    assert Counter((cake / "fruit").read_text().split()) == Counter(answered.values())
    trailers = git(cake, "log", "--format=%(trailers:key=PM-Runner-Task,valueonly,separator=)")
    tasks = trailers.split()
    assert len(tasks) == len(set(tasks)) == len(answered)


def conversation(daemon: Daemon, alias: str) -> dict[str, str]:
    """Read a conversation page by page, to its beginning; return what was said in it."""
    said: dict[str, str] = {}
    before = None
    while True:
        page = daemon.ask(p.ChatHistory(project=alias, before=before, limit=100))
        for entry in page.entries:
            if entry.kind == "message":
                assert entry.id not in said
                said[entry.id] = entry.text
        if page.before is None:
            return said
        before = page.before


def given_answers(told: list[dict[str, str]]) -> dict[str, str]:
    """Return every recorded answer; none is given twice."""
    found: dict[str, str] = {}
    for fact in told:
        if fact["fact"] == "question-answered":
            assert fact["question"] not in found
            found[fact["question"]] = fact["text"]
    return found

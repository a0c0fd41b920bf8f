"""The storm: eight clients post, ask, answer and change while the daemon is killed a hundred times.

Nothing that was acknowledged is lost or doubled, and a request that is asked again is answered as
it was. The clients' diaries are written and synced outside the daemon; a kill counts only with a
write in flight, and a third each hit an append, a snapshot and a recovery.
"""

import itertools
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState
from tests.crash.accounts import said
from tests.crash.diary import Crowd, Diary
from tests.crash.strikes import KINDS, Storm, Target, still_there
from tests.everything import EVERYTHING
from tests.integration.daemon import facts, git

SEED = 20261125
EACH = 200 if EVERYTHING else 34
TALKERS = ("one", "two", "three", "four", "five", "six")
BAKERS = ("cake", "pie")
FRUIT = ("apple", "cherry", "plum")


def talker(alias: str) -> Callable[[Diary], None]:
    """Post messages, reject every third plan, and change the project's prompt now and then."""
    counter = itertools.count(1)

    def talk(diary: Diary) -> None:
        count = next(counter)
        diary.change(p.ChatSend(project=alias, text=f"echo {alias} {count}"))
        if count % 3 == 0:
            for row in diary.look(p.PlanList(project=alias, limit=3)).plans:
                if row.plan.state is PlanState.AWAITING_APPROVAL:
                    diary.change(p.PlanReject(plan=row.plan.id, reason="not today"))
        if count % 5 == 0:
            diary.change(p.ProjectSet(project=alias, bootstrap_prompt=f"prompt {count}"))

    return talk


def baker(alias: str) -> Callable[[Diary], None]:
    """Have one thing done after another, each of which asks, and answer."""
    counter, dice = itertools.count(1), random.Random(f"{SEED} {alias}")

    def bake(diary: Diary) -> None:
        text = f'pm-ask "Which fruit for {next(counter)}?" >> fruit'
        diary.change(p.ChatSend(project=alias, text=text))
        items: tuple[Any, ...] = ()
        while not items:
            items = diary.look(p.Inbox(project=alias)).items
        diary.change(p.Answer(question=items[0].id, text=dice.choice(FRUIT)))

    return bake


@pytest.mark.timeout(7200 if EVERYTHING else 1800)
def test_a_hundred_kills_under_eight_clients_lose_and_double_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, crowd = tmp_path / "state", Crowd()
    with Target(state, "--store-checkpoint=15", "--runs-interruptions=1000") as daemon:
        paths = {alias: daemon.add_project(alias, plan_approval="manual") for alias in TALKERS}
        paths |= {alias: daemon.add_project(alias) for alias in BAKERS}
        daemon.kill()
        for alias in (*TALKERS, *BAKERS):
            work = talker(alias) if alias in TALKERS else baker(alias)
            crowd.start(alias, Diary(tmp_path / f"{alias}.diary", daemon.socket), work)
        storm = Storm(daemon, crowd, SEED)
        try:
            storm.rage(EACH)
        finally:
            daemon.start()
            crowd.end()
        with capsys.disabled():
            sys.stdout.write(f"\nseed {SEED}: {storm.report()}\n")
        assert sum(storm.counts.values()) >= 3 * EACH >= 100
        assert all(storm.counts[kind] >= EACH for kind in KINDS)
        for alias in BAKERS:
            answered = [r for r in crowd.diaries[alias].asked.values() if isinstance(r, p.Answer)]
            daemon.until_kind(alias, "complete", len(answered))
        for alias, diary in crowd.diaries.items():
            assert_it_is_as_the_diary_says(daemon, alias, diary)
        for diary in crowd.diaries.values():
            for identifier, request in diary.asked.items():
                assert diary.ask(request, identifier) == diary.told[identifier]
            diary.close()

    assert_once(facts_with_requests(state), crowd)
    for alias in BAKERS:
        assert_baked_once(paths[alias], crowd.diaries[alias])
    assert still_there(state) == []


def assert_it_is_as_the_diary_says(daemon: Target, alias: str, diary: Diary) -> None:
    """What was acknowledged is there: every message, every change, and nothing else."""
    asked = diary.asked.values()
    sent = [request.text for request in asked if isinstance(request, p.ChatSend)]
    assert said(daemon, alias) == sent
    rejected = {request.plan for request in asked if isinstance(request, p.PlanReject)}
    for plan in rejected:
        assert daemon.ask(p.PlanShow(plan=plan)).plan.state is PlanState.REJECTED
    prompts = [r.bootstrap_prompt for r in asked if isinstance(r, p.ProjectSet)]
    shown = daemon.ask(p.ProjectShow(project=alias)).project.bootstrap_prompt
    assert shown == (prompts[-1] if prompts else "")


def facts_with_requests(state: Path) -> Counter[str]:
    """Count the requests in the journal by identifier."""

    found: Counter[str] = Counter()
    number = 0
    for segment in sorted((state / "journal").glob("*.jsonl")):
        for line in segment.read_text().splitlines():
            batch = json.loads(line)[1]
            number += 1
            assert batch["seq"] == number
            if "request" in batch:
                found[batch["request"]] += 1
    return found


def assert_once(recorded: Counter[str], crowd: Crowd) -> None:
    """Each request that was acknowledged is recorded once."""
    assert set(recorded.values()) == {1}
    for diary in crowd.diaries.values():
        assert set(diary.told) == set(diary.asked)
        for identifier, request in diary.asked.items():
            # The same answer, rejection or setting again is so already, and is not recorded.
            assert identifier in recorded or not isinstance(request, p.ChatSend)


def assert_baked_once(path: Path, diary: Diary) -> None:
    """Each answer reached its script exactly once, and was committed exactly once."""
    answers = [r.text for r in diary.asked.values() if isinstance(r, p.Answer)]
    assert Counter((path / "fruit").read_text().split()) == Counter(answers)
    trailers = git(path, "log", "--format=%(trailers:key=PM-Runner-Task,valueonly,separator=)")
    tasks = trailers.split()
    assert len(tasks) == len(set(tasks)) == len(answers)
    questions = [r.question for r in diary.asked.values() if isinstance(r, p.Answer)]
    told = [
        fact["question"]
        for fact in facts(path.parent / "state")
        if fact["fact"] == "question-answered"
    ]
    assert all(told.count(question) == 1 for question in questions)

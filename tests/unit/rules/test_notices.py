import re
from collections.abc import Collection

import pytest
from msgspec.structs import replace

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.notices import KINDS, About, Urgency, What
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.state import State
from pmrunnerd.rules import notices
from pmrunnerd.rules.gates import waiting
from tests.unit.rules.gates import tries
from tests.unit.rules.gates.test_waiting import BAD, GOOD
from tests.unit.rules.gates.tries import happened
from tests.unit.rules.life import a_plan, a_proposed_plan, happen, started
from tests.unit.rules.promotion import premises
from tests.unit.rules.promotion.test_promotions import ASKED

ALL = frozenset(KINDS.values())
WEBHOOK = "https://hooks.example/hush"


def asked(*kinds: Kind) -> ev.TaskAsked:
    questions = tuple(
        ev.AskedQuestion(question=f"q{n}", text="Which flour?", kind=kind)
        for n, kind in enumerate(kinds, 1)
    )
    return ev.TaskAsked(task="t1", project="w1", run="r1", questions=questions)


def ended(outcome: Outcome) -> ev.RunEnded:
    return ev.RunEnded(run="r1", project="w1", outcome=outcome, cursor=1)


def asking(*kinds: Kind) -> State:
    return happen(a_plan(), started("t1", "r1"), ended(Outcome.ASKED), asked(*kinds))


def told(fact: ev.AnyEvent, on: Collection[What] = ALL) -> list[tuple[str, str]]:
    return [(about.what.value, about.id) for about in notices.worth((fact,), on)]


def test_each_fact_that_a_person_waits_for_or_fears_is_worth_it() -> None:
    assert told(asked(Kind.AGENT, Kind.BUDGET)) == [("question", "q1"), ("budget", "q2")]
    assert told(ev.PlanSubmitted(plan="p1", project="w1")) == [("question", "p1")]
    assert told(ev.TaskHeld(task="t1", project="w1", reason="dirty")) == [("question", "t1")]
    assert told(ev.TaskFailed(task="t1", project="w1", reason="x")) == [("failure", "t1")]
    refused = ev.PlanRefused(plan="p1", project="w1", message="m1", reason="x")
    assert told(refused) == [("failure", "p1")]
    assert told(ev.BackupFailed(reason="full")) == [("failure", "backup")]
    assert told(ev.AgentExpiring(agent="claude", expires="x")) == [("limit", "claude")]


def test_a_limit_is_told_when_it_is_met_and_not_each_time_it_is_met_again() -> None:
    limit = ev.AgentLimited(agent="claude", kind="rate", reason="too much")
    assert told(limit) == [("limit", "claude")]
    again = ev.AgentLimited(agent="claude", kind="rate", reason="too much", times=2)
    assert told(again) == []


def test_what_nobody_wants_to_be_told_is_worth_nothing() -> None:
    assert notices.wanted(Settings()) == frozenset()
    on = notices.wanted(Settings(notify_webhook=WEBHOOK))
    assert on == {What.QUESTION, What.FAILURE}
    assert told(asked(Kind.BUDGET), on) == []
    assert told(ev.TaskCompleted(task="t1", project="w1")) == []


@pytest.mark.parametrize(
    ("how", "text"),
    [
        (BAD, "gates of commit .* have not passed; unit: failed: exit status 1; lab: skipped: .*"),
        ((tries.REFUSED,), "gates could not be tried: .+"),
        ((tries.STARTED, tries.INTERRUPTED), "gates could not be tried: .+"),
    ],
)
def test_gates_that_have_not_passed_are_told_until_somebody_has_seen_it(
    how: tuple[ev.AnyEvent, ...], text: str
) -> None:
    state = happened(tries.REQUESTED, *how)
    about, *ready = notices.worth((how[-1],), ALL)
    assert notices.stands(state, about)
    assert not any(notices.stands(state, one) for one in ready)
    said = notices.composed(state, [about], id="n1", at="", environment="prod").about[0].text
    assert re.fullmatch(text, said), said
    seen = waiting.see(state, "g1", "anna")
    assert not notices.stands(happened(tries.REQUESTED, *how, *seen), about)


def test_gates_that_passed_are_not_told() -> None:
    found = notices.worth((tries.OVER,), ALL)
    assert not any(notices.stands(happened(tries.REQUESTED, *GOOD), one) for one in found)


def test_that_a_commit_of_the_runner_s_own_can_be_promoted_is_told_until_somebody_does() -> None:
    (ready,) = notices.worth((tries.OVER,), {What.PROMOTION})
    assert notices.stands(premises.state(), ready)
    said = notices.composed(premises.state(), [ready], id="n", at="", environment="prod")
    assert said.about[0].text.startswith("all gates have passed: it can be promoted")
    asked_for = replace(ASKED, source=premises.SOURCE)
    assert not notices.stands(premises.state(asked_for), ready)


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (ev.PromotionConfirmed, "the release has proved itself: why"),
        (ev.PromotionReturned, "the release came back: why"),
        (ev.PromotionRefused, "it was refused: why"),
        (ev.PromotionFailed, "the release failed, and so did the way back: why"),
    ],
)
def test_how_a_promotion_ended_is_told_until_somebody_has_seen_it(
    fact: type[ev.PromotionConfirmed], text: str
) -> None:
    (about,) = notices.worth((fact(promotion="x1-4f2a", project="w1", reason="why"),), ALL)
    assert (about.what, about.id, about.text) == (What.PROMOTION, "x1-4f2a", text)

    over = ev.PromotionRefused(promotion="x1-4f2a", project="w1", reason="why")
    state = premises.state(ASKED, over)
    assert notices.stands(state, about)
    seen = ev.PromotionEndSeen(promotion="x1-4f2a", project="w1", by="anna")
    assert not notices.stands(premises.state(ASKED, over, seen), about)


def test_a_question_stands_until_it_is_answered() -> None:
    state = asking(Kind.AGENT)
    (about,) = notices.worth((asked(Kind.AGENT),), ALL)
    assert notices.stands(state, about)
    happen(state, ev.QuestionAnswered(question="q1", project="w1", text="rye", by="anna"))
    assert not notices.stands(state, about)


def test_a_failure_stands_until_it_is_tried_again() -> None:
    failed = ev.TaskFailed(task="t1", project="w1", reason="x")
    state = happen(a_plan(), started("t1", "r1"), ended(Outcome.FAILED), failed)
    (about,) = notices.worth((failed,), ALL)
    assert notices.stands(state, about)
    happen(state, ev.TaskRetried(task="t1", project="w1", by="anna"))
    assert not notices.stands(state, about)


def test_a_plan_a_backup_and_a_login_stand_until_somebody_saw_to_them() -> None:
    state = a_proposed_plan()
    plan = About(what=What.QUESTION, id="p1", text="")
    assert notices.stands(state, plan)
    happen(state, ev.PlanApproved(plan="p1", project="w1", by="anna"))
    assert not notices.stands(state, plan)

    backup = About(what=What.FAILURE, id=notices.BACKUP, text="")
    assert notices.stands(happen(state, ev.BackupFailed(reason="full")), backup)
    assert not notices.stands(happen(state, ev.BackedUp()), backup)

    limit = About(what=What.LIMIT, id="claude", text="")
    assert not notices.stands(state, limit)
    happen(state, ev.AgentLimited(agent="claude", kind="login", reason="none"))
    assert notices.stands(state, limit)
    happen(state, ev.AgentFree(agent="claude"))
    assert not notices.stands(state, limit)


def test_what_is_not_there_does_not_stand() -> None:
    for what in What:
        assert not notices.stands(State(), About(what=what, id="t99", text=""))


def test_one_thing_is_named_once_and_as_it_was_told_last() -> None:
    one = About(what=What.FAILURE, id="t1", text="first")
    again = About(what=What.FAILURE, id="t1", text="second")
    asks = About(what=What.QUESTION, id="t1", text="held")
    assert notices.distinct([one, asks, again]) == [again, asks]


def test_several_things_are_one_notification_with_what_waits_first() -> None:
    state = asking(Kind.AGENT)
    things = [
        About(what=What.FAILURE, id="t2", text="exit status 3", project="w1"),
        About(what=What.QUESTION, id="q1", text="Which flour?", project="w1"),
    ]
    found = notices.composed(state, things, id="n", at="now", environment="prod", link="http://x")
    assert found.title == "pm-runner prod: a question waits and a failure"
    assert found.text == "demo q1: Which flour?\ndemo t2: exit status 3"
    assert (found.urgency, found.command) == (Urgency.HIGH, "pmrunnerctl --env prod inbox")
    assert [one.project for one in found.about] == ["demo", "demo"]


@pytest.mark.parametrize("count", [notices.MOST, notices.MOST + 3])
def test_very_many_are_counted_and_not_all_named(count: int) -> None:
    things = [About(what=What.FAILURE, id=f"t{n}", text="x") for n in range(count)]
    found = notices.composed(State(), things, id="n", at="now", environment="prod")
    assert found.title == f"pm-runner prod: {count} failures"
    assert len(found.about) == notices.MOST
    assert found.text.endswith("and 3 more") is (count > notices.MOST)
    assert (found.urgency, found.command) == (Urgency.NORMAL, "pmrunnerctl --env prod status")


def test_a_long_text_is_clipped() -> None:
    assert len(notices.clip("x" * 10_000)) == notices.LONGEST


def test_the_form_of_the_setting_is_judged_without_showing_its_secret() -> None:
    assert notices.check(Settings()) is None
    good = notices.check(Settings(notify_webhook=WEBHOOK))
    assert good is not None
    assert (good.state, good.found) == ("ok", "https://hooks.example/…, for questions,failures")
    for wrong in (
        Settings(notify_webhook="http://hooks.example/hush"),
        Settings(notify_webhook=WEBHOOK, notify_on=""),
    ):
        told = notices.check(wrong)
        assert told is not None
        assert told.state == "warning"
        assert "hush" not in told.found
        assert told.hint

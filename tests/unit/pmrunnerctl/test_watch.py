import msgspec
import pytest

from pmrunnerctl.exits import Exit
from pmrunnerctl.watch import Verdict
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome, TaskKind, TaskState
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Ended

TASKS = (ev.PlannedTask(task="t3", name="build", title="Build", text="make"),)
DRAFTED = ev.PlanDrafted(plan="p3", project="j1", message="m1", title="Build", tasks=TASKS)
ASKED = ev.TaskAsked(task="t3", project="j1", run="r1", questions=())
COMPLETED = ev.PlanCompleted(plan="p3", project="j1")
FAILED = ev.PlanFailed(plan="p3", project="j1", reason="t3 failed")


def after(*facts: ev.AnyEvent) -> Exit | None:
    verdict = Verdict("m1")
    verdict.learn(v.Happening(cursor=1, at="", facts=facts))
    return verdict.exits


@pytest.mark.parametrize(
    ("fact", "exits"),
    [
        (COMPLETED, Exit.OK),
        (FAILED, Exit.ENDED_BADLY),
        (ev.PlanRejected(plan="p3", project="j1", reason="no", by="anna"), Exit.ENDED_BADLY),
        (ev.PlanCancelled(plan="p3", project="j1"), Exit.ENDED_BADLY),
        (ev.PlanSubmitted(plan="p3", project="j1"), Exit.NEEDS_YOU),
        (ASKED, Exit.NEEDS_YOU),
        (ev.TaskHeld(task="t3", project="j1", reason="dirty"), Exit.NEEDS_YOU),
        (ev.TaskCompleted(task="t3", project="j1"), None),
        (ev.TaskInterrupted(task="t3", project="j1", reason="restart"), None),
        (ev.PlanCompleted(plan="p4", project="j1"), None),
        (ev.TaskAsked(task="t9", project="j1", run="r1", questions=()), None),
    ],
)
def test_what_became_of_a_message_is_learnt_from_the_facts_of_its_plan(
    fact: ev.AnyEvent, exits: Exit | None
) -> None:
    assert after(DRAFTED, fact) == exits


def test_a_message_that_became_no_plan_ended_badly() -> None:
    refused = {"plan": "p3", "project": "j1", "reason": "no task"}

    assert after(ev.PlanRefused(message="m1", **refused)) is Exit.ENDED_BADLY
    assert after(ev.PlanRefused(message="m2", **refused)) is None


def test_a_message_that_a_run_plans_is_followed_through_its_plans() -> None:
    planner = ev.PlannedTask(task="t3", name="plan", title="x", text="x", kind=TaskKind.PLANNING)
    begun = ev.PlanBegun(
        plan="p3", project="j1", message="m1", title="x", agent="claude", planner=planner
    )
    asks = ev.TaskAsked(task="t3", project="j1", run="r1", questions=())
    assert after(begun) is None
    assert after(begun, asks) is Exit.NEEDS_YOU
    assert after(begun, FAILED) is Exit.ENDED_BADLY

    work = ev.PlannedTask(task="t4", name="a", title="x", text="x")
    proposed = ev.PlanProposed(plan="p3", project="j1", run="r1", title="x", tasks=(work,))
    asks = ev.TaskAsked(task="t4", project="j1", run="r2", questions=())
    assert after(begun, proposed, asks) is Exit.NEEDS_YOU

    rejected = ev.PlanRejected(plan="p3", project="j1", reason="no", by="anna")
    again = msgspec.structs.replace(begun, plan="p4", instead_of="p3")
    assert after(begun, rejected, again) is None
    done = ev.PlanCompleted(plan="p4", project="j1")
    assert after(begun, rejected, again, done) is Exit.OK


def test_another_plans_end_is_not_this_ones() -> None:
    assert after(COMPLETED) is None


def waited(ctl: Ctl, daemon: FakeDaemon, *streams: Stream, json: bool = False) -> Ended:
    daemon.answers |= {
        p.Status: samples.overview(durable=120),
        p.ChatSend: p.Done(id="m1"),
        p.Events: list(streams),
    }
    return ctl(
        *(["--json"] if json else []), "chat", "send", "demo", "--wait", "make", patience="5"
    )


def happening(cursor: int, *facts: ev.AnyEvent) -> v.Happening:
    return v.Happening(cursor=cursor, at=samples.AT, facts=facts)


def test_the_conversation_is_printed_as_it_grows_each_entry_once(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    old = [samples.entry(n, text=f"old {n}") for n in (119, 120)]
    daemon.answers[p.ChatHistory] = [
        samples.conversation(*old, samples.entry(121, text="make")),
        samples.conversation(*old, samples.entry(121, text="make"), samples.entry(124, text="b")),
    ]
    daemon.answers[p.Inbox] = v.InboxTable(items=())
    ended = ev.RunEnded(run="r1", project="j1", outcome=Outcome.SUCCEEDED, cursor=1)
    posted = ev.MessagePosted(message="m1", project="j1", text="make", by="anna")

    done = waited(
        ctl,
        daemon,
        Stream([happening(121, posted, DRAFTED)], ""),
        Stream([happening(123, ended), happening(124, ended, COMPLETED)], None),
    )

    assert done.status == 0
    assert [line.strip() for line in done.out.splitlines() if "UTC" not in line] == [
        "sent message m1 to demo",
        "make",
        "b",
    ]
    events = [request for request in daemon.requests() if isinstance(request, p.Events)]
    assert [request.since for request in events] == [120, 121]
    # What only a machine wants to know is no reason to look again.
    assert len([r for r in daemon.requests() if isinstance(r, p.ChatHistory)]) == 2


def test_more_news_than_a_page_are_all_printed_in_order(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = [
        samples.conversation(samples.entry(125), samples.entry(126), before=125),
        samples.conversation(samples.entry(122), samples.entry(124), before=122),
        samples.conversation(samples.entry(119), samples.entry(121), before=119),
    ]

    done = waited(ctl, daemon, Stream([happening(126, DRAFTED, FAILED)], None))

    assert done.status == 8
    shown = [line.strip() for line in done.out.splitlines() if line.startswith("    text")]
    assert shown == ["text 121", "text 122", "text 124", "text 125", "text 126"]


def test_with_json_every_entry_is_a_line(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ChatHistory] = samples.conversation(samples.entry(121))

    done = waited(ctl, daemon, Stream([happening(121, DRAFTED, ASKED)], None), json=True)

    assert done.status == 9
    assert [line[:12] for line in done.out.splitlines()] == ['{"id":"m1"}', '{"cursor":12']


def test_who_waits_is_sent_to_the_inbox_where_a_login_is_missing(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    limited = ev.TaskLimited(task="t3", project="j1", reason="the provider does not know us (401)")
    row = v.TaskRow(
        task=samples.task(state=TaskState.QUEUED),
        alias="demo",
        waits="nobody is logged in",
        wants_login=True,
    )
    daemon.answers |= {
        p.ChatHistory: samples.conversation(samples.entry(121)),
        p.Inbox: v.InboxTable(items=()),
        p.PlanShow: v.PlanView(plan=samples.plan(), alias="demo", message="make", tasks=(row,)),
    }

    done = waited(ctl, daemon, Stream([happening(121, DRAFTED), happening(122, limited)], None))

    assert done.status == 9
    assert "task t3 waits: nobody is logged in\n" in done.err

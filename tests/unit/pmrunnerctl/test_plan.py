import json

from pmrunnerctl import plan as plans
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanState, TaskState
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper

ROW = v.PlanRow(plan=samples.plan(), alias="demo", tasks={TaskState.RUNNING: 1})


def test_plans_stand_one_a_line(paper: Paper) -> None:
    plans.draw(paper, v.PlanTable(plans=(ROW,)))

    assert paper.text == (
        "PLAN  PROJECT  STATE   TASKS      TITLE     SINCE\n"
        "p3    demo     ACTIVE  1 running  Build it  2 min ago\n"
    )


def test_one_plan_with_its_message_and_tasks(paper: Paper) -> None:
    row = v.TaskRow(task=samples.task(), alias="demo", waits="")
    rejected = samples.plan(state=PlanState.REJECTED, reason="not now")
    plans.draw_plan(
        paper, v.PlanView(plan=rejected, alias="demo", message="make\nit", tasks=(row,))
    )

    assert paper.text == (
        "plan     p3 of demo\n"
        "title    Build it\n"
        "state    REJECTED\n"
        "reason   not now\n"
        "since    11:30:05 UTC, 2 min ago\n"
        "message  make\n"
        "         it\n"
        "\n"
        "TASK  PLAN  PROJECT  STATE    SINCE      TITLE     WHY\n"
        "t3    p3    demo     RUNNING  2 min ago  Build it\n"
    )


def test_a_plan_whose_runs_nothing_will_confine_says_so_to_who_approves_it(paper: Paper) -> None:
    waits = samples.plan(state=PlanState.AWAITING_APPROVAL)
    plans.draw_plan(
        paper, v.PlanView(plan=waits, alias="demo", message="make", tasks=(), unconfined=True)
    )

    assert "sandbox  UNCONFINED\n" in paper.text


def test_a_plan_that_was_refused_says_why_and_not_that_tasks_are_to_come(paper: Paper) -> None:
    refused = samples.plan(title="", state=PlanState.ERROR, reason="a needs b, b needs a")
    plans.draw(paper, v.PlanTable(plans=(v.PlanRow(plan=refused, alias="demo", tasks={}),)))
    plans.draw_plan(paper, v.PlanView(plan=refused, alias="demo", message="make", tasks=()))

    assert "a needs b, b needs a  2 min ago\n" in paper.text
    assert "no tasks yet" not in paper.text
    assert paper.text.endswith(
        "message  make\nnext: pmrunnerctl chat send demo TEXT   # no task was made of it\n"
    )


def test_plans_are_listed_narrowed_and_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanList] = v.PlanTable(plans=())
    daemon.answers[p.PlanShow] = v.PlanView(
        plan=samples.plan(), alias="demo", message="make", tasks=()
    )

    assert ctl("plan", "list", "--project", "demo", "--limit", "5").out == (
        "no plans yet\nnext: pmrunnerctl chat send ALIAS TEXT\n"
    )
    assert json.loads(ctl("plan", "show", "p3", "--json").out)["plan"]["id"] == "p3"
    assert daemon.requests() == [p.PlanList(project="demo", limit=5), p.PlanShow(plan="p3")]


def test_a_plan_is_approved(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanApprove] = p.Done(id="p3")

    assert ctl("plan", "approve", "p3").out.startswith("approved plan p3; ")
    assert daemon.requests() == [p.PlanApprove(plan="p3")]


def test_a_plan_is_rejected_with_a_reason_and_never_without(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanReject] = p.Done(id="p3")

    assert ctl("plan", "reject", "p3").status == 2
    assert ctl("plan", "reject", "p3", "leave", "it").out == "rejected plan p3\n"
    assert daemon.requests() == [p.PlanReject(plan="p3", reason="leave it")]


def test_under_a_page_of_a_list_stands_the_command_for_the_older_one(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PlanList] = v.PlanTable(plans=(ROW,), before="p3")
    page = ctl("plan", "list", "--project", "demo", "--limit", "1", "--before", "p4")

    assert daemon.requests()[-1] == p.PlanList(project="demo", limit=1, before="p4")
    assert page.out.endswith(
        "next: pmrunnerctl plan list --project demo --limit 1 --before p3   # older\n"
    )

    daemon.answers[p.PlanList] = v.PlanTable(plans=())
    assert ctl("plan", "list", "--before", "p1").out == "no plans before p1\n"


def test_tasks_and_runs_are_paged_in_the_same_way(ctl: Ctl, daemon: FakeDaemon) -> None:
    row = v.TaskRow(task=samples.task(), alias="demo", waits="")
    daemon.answers[p.TaskList] = v.TaskTable(tasks=(row,), before="t3")
    daemon.answers[p.RunList] = v.RunTable(runs=(), before=None)

    assert "next: pmrunnerctl task list --limit 50 --before t3   # older" in ctl("task", "list").out
    assert ctl("run", "list", "--before", "r9-4f2a").out == "no runs before r9-4f2a\n"
    assert daemon.requests()[-1] == p.RunList(before="r9-4f2a")

import json
from pathlib import Path

from msgspec.structs import replace

from pmrunnerctl import plan as plans
from pmrunnerctl import planform
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Plan, PlanState, Purpose, TaskKind, TaskState
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper


def view(plan: Plan) -> v.PlanView:
    task = samples.task(state=TaskState.QUEUED)
    row = v.TaskRow(task=task, alias="demo", waits="")
    return v.PlanView(plan=plan, alias="demo", message="make", tasks=(row,))


ROW = v.PlanRow(plan=samples.plan(), alias="demo", tasks={TaskState.RUNNING: 1})


def test_plans_stand_one_a_line(paper: Paper) -> None:
    plans.draw(paper, v.PlanTable(plans=(ROW,)))

    assert paper.text == (
        "PLAN  PROJECT  STATE   TASKS      TITLE     SINCE\n"
        "p3    demo     ACTIVE  1 running  Build it  2 min ago\n"
    )


def test_plans_that_nothing_confines_stand_out(paper: Paper) -> None:
    plans.draw(paper, v.PlanTable(plans=(replace(ROW, unconfined=True),)))

    assert "  UNCONFINED; 1 running  " in paper.text


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
    daemon.answers[p.PlanShow] = view(samples.plan(state=PlanState.REJECTED))

    assert ctl("plan", "reject", "p3").status == 2
    assert ctl("plan", "reject", "p3", "leave", "it").out == "rejected plan p3\n"
    assert daemon.requests()[0] == p.PlanReject(plan="p3", reason="leave it")


def test_who_rejects_a_plan_is_told_which_one_takes_its_place(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanReject] = p.Done(id="p3")
    replaced = samples.plan(state=PlanState.REJECTED, replaced_by="p4")
    daemon.answers[p.PlanShow] = view(replaced)

    assert ctl("plan", "reject", "p3", "no").out == (
        "rejected plan p3\nplan p4 is to take its place\nnext: pmrunnerctl plan show p4\n"
    )
    assert ctl("plan", "reject", "p3", "--drop", "no").out == "rejected plan p3\n"
    assert daemon.requests()[-1] == p.PlanReject(plan="p3", reason="no", drop=True)


def test_a_draft_says_how_far_it_is_and_what_it_takes_the_place_of(paper: Paper) -> None:
    draft = samples.plan(
        state=PlanState.DRAFT, agent="claude", instead_of="p2", objections=("no database",)
    )
    making = "being planned by run r9-4f2a"
    planner = samples.task(kind=TaskKind.PLANNING, name="plan")
    row = v.TaskRow(task=planner, alias="demo", waits="")
    plans.draw(
        paper, v.PlanTable(plans=(v.PlanRow(plan=draft, alias="demo", tasks={}, making=making),))
    )
    plans.draw_plan(
        paper,
        v.PlanView(plan=draft, alias="demo", message="make", tasks=(row,), making=making),
    )

    assert "DRAFT  being planned by run r9-4f2a  Build it" in paper.text
    for line in (
        "making      being planned by run r9-4f2a\n",
        "agent       claude\n",
        "instead of  p2\n",
        "held to     no database\n",
        "RUNNING  2 min ago  plan: Build it\n",
    ):
        assert line in paper.text


def test_a_plan_whose_making_failed_says_how_it_is_planned_again(paper: Paper) -> None:
    planner = samples.task(kind=TaskKind.PLANNING, state=TaskState.ERROR)
    row = v.TaskRow(task=planner, alias="demo", waits="")
    failed = samples.plan(state=PlanState.ERROR, agent="claude")
    plans.draw_plan(paper, v.PlanView(plan=failed, alias="demo", message="make", tasks=(row,)))

    assert paper.text.endswith("next: pmrunnerctl task retry t3   # has it planned again\n")


def test_a_plan_that_failed_says_which_task_to_try_again(paper: Paper) -> None:
    done = samples.task(id="t2", kind=TaskKind.PLANNING, state=TaskState.COMPLETE)
    rows = tuple(
        v.TaskRow(task=one, alias="demo", waits="")
        for one in (done, samples.task(state=TaskState.ERROR))
    )
    failed = samples.plan(state=PlanState.ERROR, agent="claude")
    plans.draw_plan(paper, v.PlanView(plan=failed, alias="demo", message="make", tasks=rows))

    assert paper.text.endswith("next: pmrunnerctl task retry t3\n")


def test_a_plan_that_waits_says_what_is_expected_of_each_task_and_what_to_type(
    paper: Paper,
) -> None:
    waits = samples.plan(state=PlanState.AWAITING_APPROVAL, edits=1)
    one = samples.task(
        files=("a.py", "b.py"), risk="it may break", needs=("t2",), purpose=Purpose.CODE
    )
    row = v.TaskRow(task=one, alias="demo", waits="")
    plans.draw_plan(paper, v.PlanView(plan=waits, alias="demo", message="make", tasks=(row,)))

    assert "edited   1 time\n" in paper.text
    assert paper.text.endswith(
        "\nt3 build\nneeds    t2\npurpose  code\nfiles    a.py, b.py\nrisk     it may break\n"
        "next: pmrunnerctl plan approve p3   # or plan reject, or plan edit\n"
    )


def test_the_name_of_a_task_is_on_its_line_alone(paper: Paper) -> None:
    one = samples.task(name="a\nt9 another", files=("a\nt9 another",), risk="r")
    row = v.TaskRow(task=one, alias="demo", waits="")
    plan = v.PlanView(plan=samples.plan(), alias="demo", message="make", tasks=(row,))
    plans.draw_plan(paper, plan)

    assert not [line for line in paper.text.splitlines() if line.startswith("t9")]
    assert "files  a t9 another\n" in paper.text


def test_a_plan_as_text_is_asked_for_with_its_texts(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanShow] = view(samples.plan(state=PlanState.AWAITING_APPROVAL))

    shown = ctl("plan", "show", "p3", "--toml").out

    assert planform.read(shown).task[0].text == "make\nmake test"
    assert daemon.requests() == [p.PlanShow(plan="p3", texts=True)]


def test_a_plan_is_edited_from_a_file_and_may_be_approved_in_the_same_breath(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.PlanEdit] = p.Done(id="p3")
    text = planform.written(view(samples.plan(state=PlanState.AWAITING_APPROVAL)))
    file = tmp_path / "plan.toml"
    file.write_text(text.replace("make test", "make check"))

    edited = ctl("plan", "edit", "p3", "--file", str(file))
    approved = ctl("plan", "edit", "p3", "--file", str(file), "--approve")

    assert edited.out == "edited plan p3\nnext: pmrunnerctl plan approve p3\n"
    assert approved.out == "edited and approved plan p3\nnext: pmrunnerctl plan show p3\n"
    task = p.EditedTask(name="build", title="Build it", text="make\nmake check")
    wanted = p.PlanEdit(plan="p3", edits=0, title="Build it", tasks=(task,))
    assert daemon.requests() == [wanted, replace(wanted, approve=True)]


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

from pmrunnerctl import projects
from pmrunnerd.model.entities import PlanApproval, Project
from pmrunnerd.model.views import ProjectView
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Paper


def test_projects_stand_one_a_line_with_their_paths(paper: Paper) -> None:
    other = samples.project_row(
        alias="tool", questions=0, waiting=0, tasks={}, now="idle", path="/srv/t"
    )

    projects.table(paper, [samples.project_row(), other], paths=True)

    assert (
        paper.text
        == """\
PROJECT  TYPE    AGENT  TASKS                WAITING  PATH       NOW
demo     normal  shell  1 running, 2 queued  1        /srv/demo  running t1 build
tool     normal  shell  none                 0        /srv/t     idle
"""
    )


def test_one_project_with_its_settings(paper: Paper) -> None:
    project = Project(
        id="j1",
        alias="demo",
        path="/srv/demo",
        bootstrap_prompt="Be kind.\nBe brief.",
        plan_approval=PlanApproval.MANUAL,
    )
    projects.draw(paper, ProjectView(project=project, row=samples.project_row()))

    assert (
        paper.text
        == """\
project  demo (j1)
path     /srv/demo
type     normal
agent    shell
plans    manual: each waits for you
prompt   Be kind.
         Be brief.
tasks    1 running, 2 queued
waiting  1 for you: pmrunnerctl inbox
now      running t1 build
"""
    )


def test_a_project_whose_runs_nothing_confines_says_so(paper: Paper) -> None:
    projects.table(paper, [samples.project_row(unconfined=True), samples.project_row()])

    first, second = paper.text.splitlines()[1:]
    assert first.endswith("UNCONFINED; running t1 build")
    assert "UNCONFINED" not in second

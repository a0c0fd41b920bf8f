import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerctl.exits import Cannot
from pmrunnerctl.project import absolute
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanApproval, Project, ProjectType
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl

DEMO = Project(id="j1", alias="demo", path="/srv/demo")


def test_a_project_is_added_by_its_resolved_path(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    daemon.answers[p.ProjectAdd] = DEMO

    added = ctl("project", "add", "demo", str(tmp_path / "link/../link"))

    assert daemon.requests() == [p.ProjectAdd(alias="demo", path=str(tmp_path / "real"))]
    assert added.out == (
        "added project demo at /srv/demo\n"
        "next: pmrunnerctl chat send demo 'echo hello > hello.txt'\n"
    )


def test_who_works_with_a_model_is_shown_words_and_no_script(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ProjectAdd] = replace(DEMO, agent="claude")
    daemon.answers[p.AgentShow] = v.AgentView(agent="claude")

    assert ctl("project", "add", "demo", "/srv/demo").out.endswith(
        "next: pmrunnerctl chat send demo 'Write hello into hello.txt'\n"
    )


def test_every_setting_of_a_new_project_can_be_given(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ProjectAdd] = DEMO

    ctl(
        *("project", "add", "demo", "/srv/demo", "--type", "runner-dev", "--agent", "claude"),
        *("--bootstrap-prompt", "Be kind.", "--plan-approval", "manual"),
    )

    assert daemon.requests() == [
        p.ProjectAdd(
            alias="demo",
            path="/srv/demo",
            project_type=ProjectType.RUNNER_DEV,
            bootstrap_prompt="Be kind.",
            agent="claude",
            plan_approval=PlanApproval.MANUAL,
        )
    ]


def test_only_the_settings_that_are_given_change(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ProjectSet] = DEMO

    changed = ctl("project", "set", "demo", "--alias", "new", "--bootstrap-prompt", "")

    assert daemon.requests() == [p.ProjectSet(project="demo", alias="new", bootstrap_prompt="")]
    assert changed.out.startswith("changed project demo\n")


def test_a_change_of_nothing_is_no_request(ctl: Ctl, daemon: FakeDaemon) -> None:
    refused = ctl("project", "set", "demo")

    assert (refused.status, daemon.heard) == (2, [])
    assert "no setting was given" in refused.err


def test_removing_says_what_stays(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ProjectRemove] = p.Done(id="j1")

    removed = ctl("project", "remove", "demo")

    assert daemon.requests() == [p.ProjectRemove(project="demo")]
    assert removed.out.splitlines()[0] == "removed project demo; its directory and history stay"
    assert removed.out.splitlines()[1].startswith("next: pmrunnerctl chat history ")


def test_projects_are_listed_and_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    row = samples.project_row()
    daemon.answers[p.ProjectList] = v.ProjectTable(projects=(row,))
    daemon.answers[p.ProjectShow] = v.ProjectView(project=DEMO, row=row)

    assert "/srv/demo" in ctl("project", "list").out
    assert "demo (j1)" in ctl("project", "show", "demo").out
    assert json.loads(ctl("project", "show", "demo", "--json").out)["project"]["alias"] == "demo"
    assert daemon.requests() == [p.ProjectList(), *[p.ProjectShow(project="demo")] * 2]


def test_a_path_is_told_from_where_one_stands_and_home_is_known() -> None:
    assert absolute("some/where") == os.fspath(Path.cwd() / "some/where")
    assert absolute("~/x") == os.path.realpath(Path("~/x").expanduser())


def test_the_home_of_nobody_is_refused() -> None:
    with pytest.raises(Cannot, match="cannot add"):
        absolute("~nobody-of-this-name/x")


@pytest.mark.parametrize(("path", "first"), [("demo", "demo"), ("/srv/other", "ALIAS")])
def test_a_path_in_the_place_of_the_alias_is_told_before_anybody_is_asked(
    ctl: Ctl, daemon: FakeDaemon, path: str, first: str
) -> None:
    refused = ctl("project", "add", "/srv/demo", path)

    assert refused.status == 2
    assert "cannot call a project /srv/demo: that is a path" in refused.err
    assert f"hint: pmrunnerctl project add {first} /srv/demo\n" in refused.err
    assert not daemon.requests()

import pytest
from msgspec.structs import replace

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Code
from pmrunnerd.model.views import AgentView
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl

DEMO = Project(id="j1", alias="demo", path="/srv/demo", agent="claude")
ADD = ("project", "add", "demo", "/srv/demo")
SET = ("project", "set", "demo", "--agent", "claude")


@pytest.mark.parametrize("words", [ADD, SET])
def test_an_agent_that_cannot_start_is_said_where_it_is_chosen(
    ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...]
) -> None:
    daemon.answers[p.ProjectAdd] = daemon.answers[p.ProjectSet] = DEMO
    daemon.answers[p.AgentShow] = AgentView(
        agent="claude",
        problem="cannot start agent claude: it is not logged in",
        hint="pmrunnerctl agent login claude",
    )
    done = ctl(*words)
    assert (done.status, done.err) == (
        0,
        "agent claude cannot start: it is not logged in\n  hint: pmrunnerctl agent login claude\n",
    )


def test_one_that_can_start_and_a_script_need_no_word(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.ProjectAdd] = DEMO
    daemon.answers[p.AgentShow] = AgentView(agent="claude")
    assert ctl(*ADD).err == ""
    daemon.answers[p.ProjectAdd] = replace(DEMO, agent="shell")
    assert ctl(*ADD).err == ""
    assert daemon.requests().count(p.AgentShow(agent="claude")) == 1
    assert p.AgentShow(agent="shell") not in daemon.requests()


def test_of_what_a_daemon_does_not_know_there_is_nothing_to_say(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    none = frames.Failed(call=0, code=Code.NOT_FOUND, message="cannot find agent 'acp'")
    daemon.answers[p.ProjectAdd] = replace(DEMO, agent="acp")
    daemon.answers[p.AgentShow] = none
    assert ctl(*ADD).err == ""

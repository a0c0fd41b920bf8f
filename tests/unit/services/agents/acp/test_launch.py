"""How the program is started."""

from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.spec import Means
from pmrunnerd.services.agents import pm_ask
from pmrunnerd.services.agents.acp.launch import Launch, environment, launch
from pmrunnerd.services.agents.protocol import Job
from tests.unit.services.agents.parts import session_spec
from tests.unit.services.parts import confined, needs_sandbox, unconfined


def launched(tmp_path: Path, *, walls: bool = True, **means: Any) -> Launch:
    workspace, directory = tmp_path / "workspace", tmp_path / "state/runs/r2-aa/agent"
    for path in (workspace, directory):
        path.mkdir(parents=True)
    job = Job(
        spec=session_spec(means=Means(**({"cli": "sh -c 'exec agent'"} | means))),
        cell=confined(workspace) if walls else unconfined(workspace),
        directory=directory,
        environment={"PM_RUNNER_RUN": "r2-aa"},
    )
    return launch(job)


def test_it_is_refused_where_nothing_confines_it(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it works in a sandbox alone"):
        launched(tmp_path, walls=False)


@needs_sandbox
@pytest.mark.parametrize("shown", ["", "state", "state/runs/r1/agent"])
def test_nobody_can_have_it_see_the_state(tmp_path: Path, shown: str) -> None:
    (tmp_path / "state/runs/r1/agent").mkdir(parents=True)

    with pytest.raises(Refused, match="shows the runner's state"):
        launched(tmp_path, shown=str(tmp_path / shown))


@needs_sandbox
def test_it_is_started_by_its_words_with_a_directory_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    found = launched(tmp_path, shown=f"{tmp_path}/agent:/usr/share")

    assert found.argv[0].endswith("/sh")
    assert found.argv[1:] == ("-c", "exec agent")
    assert found.reach.shown == (tmp_path / "agent", Path("/usr/share"))
    assert found.reach.kept == tmp_path / "state/runs/r2-aa/agent/session"
    assert (found.reach.network, found.reach.talks, found.reach.secrets) == (True, True, ())


def test_its_home_is_kept_and_pm_ask_is_not_for_it() -> None:
    means = Means(environment={"GEMINI_API_KEY": "k", "HOME": "/root"})
    found = environment(means, {pm_ask.VARIABLE: "/x", "HOME": "/y", "GIT_AUTHOR_NAME": "a"})

    assert found["HOME"] == "/run/pm-agent/session"
    assert (found["GEMINI_API_KEY"], found["GIT_AUTHOR_NAME"]) == ("k", "a")
    assert pm_ask.VARIABLE not in found

"""What a run does before, or instead of, a conversation; and what becomes of one that fails."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.questions import ACCEPT, Kind
from pmrunnerd.model.spec import Answered, Means
from pmrunnerd.services.agents.acp.worker import work
from pmrunnerd.services.agents.protocol import Job, Verdict
from tests.unit.services.agents.parts import Heard, session_spec
from tests.unit.services.parts import ENVIRONMENT, confined, needs_sandbox, unconfined


def worked(tmp_path: Path, command: str = "", *, walls: bool = False, **more: Any) -> Verdict:
    workspace, directory = tmp_path / "workspace", tmp_path / "runs/r2-aa/agent"
    for path in (workspace, directory / "home"):
        path.mkdir(parents=True)
    job = Job(
        spec=session_spec(workspace=str(workspace), means=Means(cli=command), **more),
        cell=confined(workspace, directory) if walls else unconfined(workspace),
        directory=directory,
        environment=ENVIRONMENT,
    )
    return asyncio.run(work(job, Heard()))


def test_a_plan_that_was_another_agent_s_to_make_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it makes no plans"):
        worked(tmp_path, kind=TaskKind.PLANNING)


def test_work_that_a_person_accepted_needs_no_agent(tmp_path: Path) -> None:
    accepted = Answered(question="Found", answer=ACCEPT, run="r1", kind=Kind.FINDINGS, news=True)

    verdict = worked(tmp_path, earlier=("r1",), answers=(accepted,))
    assert verdict.outcome is Outcome.SUCCEEDED


@needs_sandbox
def test_nothing_is_started_where_no_command_is_set(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"agent\.acp\.command is not set"):
        worked(tmp_path, walls=True)


@needs_sandbox
@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("echo hello", "it ended before it was done, with exit status 0: hello"),
        ("sh -c 'echo oops >&2; exit 3'", "it ended before it was done, with exit status 3: oops"),
        ("""sh -c 'echo "{\\"id\\": 0, \\"result\\": {}}"; cat'""", "it said what is not of the"),
        (
            """sh -c 'echo "{\\"id\\": 0, \\"error\\": {\\"code\\": 1}}"; cat'""",
            "it answered Error",
        ),
    ],
)
def test_a_program_that_is_no_agent_fails_in_words(tmp_path: Path, command: str, why: str) -> None:
    verdict = worked(tmp_path, command, walls=True)

    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith(f"the agent failed: {why}")


@needs_sandbox
def test_a_program_that_somebody_killed_is_interrupted_and_has_not_failed(tmp_path: Path) -> None:
    verdict = worked(tmp_path, "sh -c 'kill -9 $$'", walls=True)

    assert verdict == Verdict(outcome=Outcome.INTERRUPTED, reason="the agent was killed (signal 9)")

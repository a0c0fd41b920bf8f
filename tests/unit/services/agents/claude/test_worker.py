"""What a run does before, or instead of, a conversation."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeSDKError, CLIConnectionError, ProcessError, Transport
from claude_agent_sdk._internal.query import Query

from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.questions import ACCEPT, OPTIONS, Kind
from pmrunnerd.model.spec import Answered, Budget, Means
from pmrunnerd.services.agents.claude.worker import broken, counting, killed_by, work
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.restoring import Restored
from tests.unit.services.agents.parts import Heard
from tests.unit.services.agents.parts import session_spec as spec
from tests.unit.services.parts import confined, needs_sandbox, unconfined


def job(
    tmp_path: Path, *, walls: bool = True, restored: Restored | None = None, **more: Any
) -> Job:
    workspace, directory = tmp_path / "workspace", tmp_path / "runs/r2-aa/agent"
    for path in (workspace, directory):
        path.mkdir(parents=True, exist_ok=True)
    return Job(
        spec=spec(workspace=str(workspace), **more),
        cell=confined(workspace) if walls else unconfined(workspace),
        directory=directory,
        environment={},
        restored=restored,
    )


def answered(kind: Kind, answer: str, *, news: bool = True) -> Answered:
    text = "May it use Bash?"
    return Answered(question=text, answer=answer, kind=kind, run="r1", news=news)


def test_it_is_refused_where_nothing_confines_it(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it works in a sandbox alone"):
        asyncio.run(work(job(tmp_path, walls=False), Heard()))


@needs_sandbox
def test_work_that_a_person_accepted_needs_no_model(tmp_path: Path) -> None:
    heard = Heard()
    accepted = job(tmp_path, earlier=("r1", "r2"), answers=(answered(Kind.FINDINGS, ACCEPT),))

    assert asyncio.run(work(accepted, heard)).outcome is Outcome.SUCCEEDED
    assert heard.told == [pr.Concluded(at="", text="a person accepted it as it was")]


@needs_sandbox
def test_work_that_was_accepted_and_is_not_there_is_asked_about_and_not_done(
    tmp_path: Path,
) -> None:
    heard, gone = Heard(), Restored("refs/pm-runner/runs/r1", there=False)
    answers = (answered(Kind.FINDINGS, ACCEPT),)
    accepted = job(tmp_path, earlier=("r1",), answers=answers, restored=gone)

    assert asyncio.run(work(accepted, heard)).outcome is Outcome.ASKED
    (asked,) = heard.told
    assert isinstance(asked, pr.Asked)
    assert (asked.kind, asked.options) == (Kind.FINDINGS, OPTIONS[Kind.FINDINGS])
    assert "git show refs/pm-runner/runs/r1" in asked.text


@needs_sandbox
def test_a_budget_that_is_used_up_is_a_question_before_anything_is_spent(tmp_path: Path) -> None:
    heard = Heard()
    means = Means(budget=Budget(scope="day", limit=5.0, used=5.25))

    assert asyncio.run(work(job(tmp_path, means=means), heard)).outcome is Outcome.ASKED
    (asked,) = heard.told
    assert isinstance(asked, pr.Asked)
    assert (asked.kind, asked.about) == (Kind.BUDGET, "day")
    assert asked.text.startswith("The day has cost $5.25, and may cost $5.00.")


def asking(given: Job) -> tuple[Path, str]:
    """Return where the transcript of a job is to be, and one in which a question is deferred."""
    place = given.directory / "session/projects/-srv"
    place.mkdir(parents=True)
    call: dict[str, Any] = {"type": "tool_use", "id": "a", "name": "AskUserQuestion"}
    call |= {"input": {"questions": [{"question": "Which?"}]}}
    entries: list[Any] = [{"message": {"content": [call]}}]
    entries += [{"attachment": {"type": "hook_deferred_tool", "toolUseID": "a"}}]
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    return place / f"{given.spec.session}.jsonl", lines


@needs_sandbox
def test_a_question_that_nobody_could_be_asked_is_asked_without_the_cli(tmp_path: Path) -> None:
    given = job(tmp_path, earlier=("r1",))
    transcript, lines = asking(given)
    transcript.write_text(lines)
    heard = Heard()

    assert asyncio.run(work(given, heard)).outcome is Outcome.ASKED
    assert heard.told == [pr.Asked(at="", text="Which?", key="a")]


@pytest.mark.parametrize(
    ("exc", "signal"),
    [
        (ProcessError("the CLI ended", exit_code=137), 9),
        (ProcessError("the CLI ended", exit_code=143), 15),
        (ProcessError("the CLI ended", exit_code=-9), 9),
        (ProcessError("the CLI ended", exit_code=139), 0),
        (ProcessError("the CLI ended", exit_code=1), 0),
        (ProcessError("the CLI ended"), 0),
        (CLIConnectionError("the CLI does not listen any more"), 0),
    ],
)
def test_who_is_killed_is_told_apart_from_who_fails(exc: ClaudeSDKError, signal: int) -> None:
    assert killed_by(exc) == signal


class Mute(Transport):
    """A CLI that listens and never says anything."""

    async def connect(self) -> None: ...

    async def write(self, data: str) -> None: ...

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        await asyncio.Event().wait()
        yield {}

    async def close(self) -> None: ...

    def is_ready(self) -> bool:
        return True

    async def end_input(self) -> None: ...


def test_a_cli_that_does_not_answer_is_stalled_in_the_words_of_the_sdk() -> None:
    async def scene() -> None:
        query = Query(Mute(), is_streaming_mode=True, initialize_timeout=0.01)
        await query.start()
        try:
            await query.initialize()
        finally:
            await query.close()
            query.close_receive_stream()

    with pytest.raises(Exception, match="initialize") as given_up:
        asyncio.run(scene())
    verdict = broken(given_up.value, "warming up", started=True)

    assert verdict.outcome is Outcome.STALLED
    assert verdict.reason == "Claude Code did not answer within a minute: warming up"


@pytest.mark.parametrize(
    ("spent", "counted", "less"),
    [(0.0, 0.0, 0.0), (0.03, 0.03, 0.03), (0.03, 0.01, 0.01), (0.01, 0.03, 0.01)],
    ids=[
        "a first run",
        "all was told",
        "killed before it was written down",
        "and before it was told",
    ],
)
def test_a_run_costs_what_the_count_has_more_than_is_known(
    tmp_path: Path, spent: float, counted: float, less: float
) -> None:
    given = job(tmp_path, walls=False, means=Means(spent=spent))

    assert counting(given, counted).spec.means.spent == less

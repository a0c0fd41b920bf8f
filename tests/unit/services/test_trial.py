import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.checkup import Check
from pmrunnerd.services import claudecode
from pmrunnerd.services.trial import Said, attempt, judge
from tests.fakes.model import Step, scripted
from tests.unit.services.parts import needs_sandbox

KEY = "sk-ant-api03-hush"


def tried(tmp_path: Path, url: str, program: Path | None = None) -> Check:
    state = tmp_path / "state"
    state.mkdir()
    cli = program or claudecode.program()
    assert cli is not None
    more = {"ANTHROPIC_BASE_URL": url}
    return asyncio.run(attempt(cli, {"ANTHROPIC_API_KEY": KEY}, more=more, hidden=(state,)))


@pytest.mark.parametrize(
    ("said", "found", "hint"),
    [
        (Said(status=1, result={}, rest=""), "it failed: exit status 1", "agent show"),
        (
            Said(status=1, result={"is_error": True, "result": " \n"}, rest="\t\n"),
            "it failed: exit status 1",
            "agent show",
        ),
        (
            Said(
                status=1, result={"is_error": True, "result": "Not logged in · Please run /login"}
            ),
            "it is not logged in: Not logged in",
            "agent login",
        ),
        (Said(status=1, result={}, rest="choose a theme"), "it wants to be set up", "agent show"),
        (
            Said(
                status=1,
                result={"is_error": True, "subtype": "error_during_execution"},
                rest='{"is_error": true, "socket": "connect"}',
            ),
            "it ended without an answer (error_during_execution, exit status 1)",
            "agent.env",
        ),
        (
            Said(status=1, result={}, rest='{"login": 1}\n{}'),
            "it ended without an answer (no result, exit status 1)",
            "agent.env",
        ),
        (
            Said(status=1, result={}, rest="Run claude once and accept the trust dialog."),
            "it wants to be set up",
            "agent show",
        ),
        (
            Said(status=1, result={"is_error": True, "api_error_status": 403, "result": "x"}),
            "something on the way to the provider, such as a proxy, refuses us: x",
            "agent.env",
        ),
        (
            Said(
                status=1,
                result={
                    "is_error": True,
                    "api_error_status": 403,
                    "api_error_type": "permission_error",
                    "result": "x",
                },
            ),
            "the provider does not know this login: x",
            "agent login",
        ),
        (
            Said(status=1, result={"is_error": True, "api_error_status": 529, "result": "x"}),
            "the provider takes no more just now",
            "doctor --agent claude",
        ),
        (
            Said(status=1, result={"is_error": True, "api_error_status": 500, "result": "x"}),
            "the provider refused it (500)",
            "agent show",
        ),
        (
            Said(status=1, result={"is_error": True, "result": "Unable to connect to API"}),
            "the provider cannot be reached",
            "agent.env",
        ),
    ],
)
def test_each_way_to_fail_is_told_apart_with_what_to_do(said: Any, found: str, hint: str) -> None:
    check = judge(said)
    assert check.state == "problem"
    assert check.found.startswith(found)
    assert hint in check.hint


def test_a_cost_that_is_no_number_is_none() -> None:
    check = judge(Said(status=0, result={"result": "fine", "total_cost_usd": "much"}))
    assert (check.state, check.found) == ("ok", "the model answered, for 0.0000 dollars")


@needs_sandbox
@pytest.mark.agent
def test_a_login_that_the_provider_does_not_know_is_said_so(tmp_path: Path) -> None:
    refusal = Step(error=(401, "authentication_error", {}), repeats=True)
    with scripted(refusal) as model:
        check = tried(tmp_path, model.url)
    assert check.found.startswith("the provider does not know this login: ")
    assert check.hint == "pmrunnerctl agent login"
    assert "hush" not in repr(check)


@needs_sandbox
@pytest.mark.agent
def test_a_provider_that_nobody_reaches_is_said_so(tmp_path: Path) -> None:
    check = tried(tmp_path, "http://127.0.0.1:9")
    assert check.found.startswith("the provider cannot be reached: ")


@needs_sandbox
@pytest.mark.agent
def test_a_model_that_answers_is_enough_and_one_request_is_all(tmp_path: Path) -> None:
    # Nobody has set up the CLI, which has a directory of its own: there is no onboarding to be had.
    with scripted(Step(text="fine", last="Answer with the word: fine")) as model:
        check = tried(tmp_path, model.url)
    assert check.state == "ok"
    assert check.found.startswith("the model answered, for 0.0")
    assert len(model.requests) == 1
    (headers,) = model.headers
    assert KEY in headers.values()


def running(word: str) -> bool:
    """Tell whether a process of this machine has a word among its arguments."""
    found = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += path.read_bytes()
    return word.encode() in found


@needs_sandbox
def test_the_secret_is_no_argument_of_any_process_and_the_program_knows_it(tmp_path: Path) -> None:
    program = tmp_path / "claude-that-waits"
    program.write_text('#!/bin/sh\nsleep 1\necho "known as $ANTHROPIC_API_KEY"; exit 3\n')
    program.chmod(0o755)

    async def scene() -> Check:
        async with asyncio.TaskGroup() as group:
            given = {"ANTHROPIC_API_KEY": KEY}
            trying = group.create_task(
                attempt(program, given, more={}, hidden=(tmp_path / "state",))
            )
            while not running(program.name) and not trying.done():
                assert not running("hush")
                await asyncio.sleep(0)
            for _ in range(5):
                assert not running("hush")
                await asyncio.sleep(0.05)
            assert not trying.done(), "it was looked at while it ran"
        return trying.result()

    (tmp_path / "state").mkdir()
    assert asyncio.run(scene()).found == f"it failed: known as {KEY}"


@needs_sandbox
def test_a_program_that_does_not_start_is_a_failure_in_words(tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.write_text("no program")
    check = tried(tmp_path, "", program)
    assert check.state == "problem"
    assert check.hint

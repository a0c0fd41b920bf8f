"""What is too long, cut off, gone or no Claude Code at all."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Kept, Said, Used
from pmrunnerd.model.spec import Limits
from pmrunnerd.services.agents.chunks import LIMIT
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, question, result, uses, written
from tests.integration.runhost.flawed import Flawed
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, head, needs_sandbox, processes, spec

pytestmark = needs_sandbox

LONG = 5_000_000


def test_a_line_of_five_megabytes_is_read_from_a_tool_and_from_the_model(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        prints = f"python3 -c \"print('x' * {LONG})\""
        steps = [
            uses("Bash", command=prints),
            result("Long.", text="y" * LONG),
        ]
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert "".join(one.text for one in every(said, Said)) == "y" * LONG
        assert max(len(one.text) for one in every(said, Said)) <= LIMIT
        assert all(len(one.result) <= 4000 for one in every(said, Used))


def test_what_was_called_beside_a_question_is_done_and_both_are_told_on(tmp_path: Path) -> None:
    asks = {"questions": [question("Which fruit?", "apple", "cherry")]}
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / "beside.txt"
        both = Step(
            tools=[
                ("Write", {"file_path": str(file), "content": "once\n"}),
                ("AskUserQuestion", asks),
                ("Bash", {"command": "echo beside the question"}),
            ]
        )
        ends = result("Both.", "beside.txt", last="cherry")
        with scripted(both, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            told = answers(asked, first, "cherry")
            kept = f"refs/pm-runner/runs/{first}"
            said = claudes.run(answers=told, resumes=kept)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert len(every(asked, Asked)) == 1
        heard = str(model.requests[-1]["messages"])
        assert "File created successfully" in heard
        assert "beside the question" in heard
        assert git(hosts.workspace, "show", "HEAD:beside.txt") == "once\n"


def _failed_once(hosts: Hosts, claudes: Claudes) -> Path:
    """Have a session that ended without a result, and return its transcript."""
    run = claudes.start()
    assert end(hosts.over(run)).outcome is Outcome.FAILED
    (found,) = hosts.directory(run).agent.glob("session/projects/*/*.jsonl")
    return found


def test_a_transcript_that_is_cut_in_a_line_is_gone_on_with(tmp_path: Path) -> None:
    steps = [Step(text="one"), Step(text="two"), result(last="Your task is tried again")]
    with Hosts(tmp_path) as hosts, scripted(*steps) as model:
        claudes = Claudes(hosts, model)
        transcript = _failed_once(hosts, claudes)
        transcript.write_bytes(transcript.read_bytes()[:-40])
        said = claudes.run()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert "do it" in str(model.requests[-1]["messages"])


def test_a_session_that_is_gone_is_begun_anew_under_the_same_name(tmp_path: Path) -> None:
    steps = [Step(text="one"), Step(text="two"), result(last="<task>\ndo it\n</task>")]
    with Hosts(tmp_path) as hosts, scripted(*steps) as model:
        claudes = Claudes(hosts, model)
        transcript = _failed_once(hosts, claudes)
        transcript.unlink()
        said = claudes.run()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        sessions = {headers["X-Claude-Code-Session-Id"] for headers in model.headers}
        assert sessions == {claudes.session}


_REFUSES = """#!/usr/bin/python3
import json, sys
for line in sys.stdin:
    refusal = {"subtype": "error", "request_id": json.loads(line)["request_id"], "error": "not today"}
    print(json.dumps({"type": "control_response", "response": refusal}), flush=True)
"""
_FAILS = {
    "not there": ("", "cannot start Claude Code: {cli} is not there"),
    "not executable": ("#!/bin/sh\n", "Claude Code failed: "),
    "of another machine": ("\x7fELF nonsense", "Claude Code failed: "),
    "ends at once": ("#!/bin/sh\necho no licence >&2; exit 3\n", "no licence"),
    "ends without a word": ("#!/bin/sh\nexit 0\n", "the CLI ended (exit code: 0)"),
    "prints garbage": ("#!/bin/sh\nhead -c 100000 /dev/urandom; exit 1\n", "Claude Code failed: "),
    "prints broken JSON": ("#!/bin/sh\necho '{\"type\": '\n", "the CLI ended (exit code: 0)"),
    "ends with JSON of another kind": ("#!/bin/sh\necho '{}'\n", "the CLI ended (exit code: 0)"),
    "refuses to begin": (_REFUSES, "Claude Code failed: not today"),
    "prints JSON of another kind": (
        "#!/bin/sh\necho '{}'; echo '{\"type\": 1}'; exit 1\n",
        "failed: ",
    ),
}


@pytest.mark.parametrize("kind", _FAILS)
def test_a_cli_that_is_none_fails_the_run_with_what_it_said(tmp_path: Path, kind: str) -> None:
    text, why = _FAILS[kind]
    cli = tmp_path / "claude"
    if text:
        cli.write_text(text)
        cli.chmod(0o644 if kind == "not executable" else 0o755)
    with Hosts(tmp_path) as hosts, scripted() as model:
        began = head(hosts.workspace)
        said = Claudes(hosts, model, cli=str(cli)).run()

        assert end(said).outcome is Outcome.FAILED, said
        assert why.format(cli=cli) in end(said).reason
        assert "Traceback" not in end(said).reason
        assert "bug in pm-runner" not in end(said).reason
        assert head(hosts.workspace) == began
        assert model.requests == []
        assert processes(str(cli)) == []


def test_without_what_confines_its_commands_nothing_is_started(tmp_path: Path) -> None:
    # In a mount namespace of its own: the machine does not notice.
    hides = 'mount --bind /dev/null "$(readlink -f "$(command -v socat)")"; exec "$@"'
    with Hosts(tmp_path) as hosts, scripted() as model:
        told: dict[str, Any] = {"agent": "claude", "means": Claudes(hosts, model).means}
        directory = hosts.directory("r99-00000001")
        directory.write_spec(spec(hosts.workspace, run=directory.run, **told))
        host = [sys.executable, "-m", "pmrunnerd.runhost", str(directory.path)]
        user = () if os.geteuid() == 0 else ("--map-root-user",)
        done = subprocess.run(
            ["unshare", *user, "--mount", "sh", "-euc", hides, "sh", *host],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert end(hosts.said(directory.run)).reason == (
            "cannot start Claude Code: socat is not installed, which confines its commands;"
            " sudo apt-get install socat"
        )
        assert model.requests == []


def test_a_cli_that_says_nothing_is_silence(tmp_path: Path) -> None:
    cli = tmp_path / "claude"
    cli.write_text("#!/bin/sh\nsleep 99\n")
    cli.chmod(0o755)
    with Hosts(tmp_path) as hosts, scripted() as model:
        said = Claudes(hosts, model, cli=str(cli)).run(limits=Limits(total=60, silence=2))

        assert end(said).outcome is Outcome.STALLED, said
        assert processes(str(cli)) == []


def test_a_sandbox_that_does_not_start_to_clear_up_interrupts_the_run(tmp_path: Path) -> None:
    flawed = Flawed(tmp_path, '"find ./FILE"')
    with Hosts(tmp_path, path=flawed.path) as hosts:
        steps = [written(hosts.workspace / "new.txt", "x\n"), result("It is done.", "new.txt")]
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run()

        assert flawed.was_met
        assert end(said).outcome is Outcome.INTERRUPTED, said
        assert end(said).reason == "cannot confine the agent: bubblewrap ended without a word"
        assert len(every(said, Kept)) == 1

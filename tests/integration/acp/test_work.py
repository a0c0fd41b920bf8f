"""A task that an agent of the protocol does, and every way in which it does not."""

import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import (
    Asked,
    Changed,
    Committed,
    Concluded,
    Found,
    Kept,
    Other,
    Said,
    Used,
)
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.spec import Limits
from tests.integration.acp.parts import Acps
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox, processes

pytestmark = needs_sandbox

GARBAGE = [{"print": "no protocol"}, {"print": "[1]"}, {"print": "{oops"}]


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        ([], "it ended without a word"),
        ([{"say": "no"}, {"stop": "refusal"}], "it refused to go on"),
        ([{"stop": "max_tokens"}], "it had said all that it may at once"),
        ([{"stop": "max_turn_requests"}], "it had taken all the turns that it may"),
        ([{"stop": "cancelled"}], "it left off, and nobody had told it to"),
        ([{"stop": "bored"}], "it said what is not of the protocol: stopReason: "),
        ([{"die": 7}], "it ended before it was done, with exit status 7: it is over"),
        (
            [{"error": {"code": -32603, "message": "Internal error", "data": {"details": "x"}}}],
            "it answered Internal error: x",
        ),
    ],
)
def test_each_way_to_fail_is_told_in_words(
    tmp_path: Path, turn: list[dict[str, Any]], why: str
) -> None:
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, turn).run()

        assert end(said).outcome is Outcome.FAILED
        assert end(said).reason.startswith(f"the agent failed: {why}")
        assert every(said, Committed) == []


def test_one_that_speaks_no_protocol_is_told_with_what_it_said(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, [*GARBAGE, {"die": 1}]).run()

        assert end(said).outcome is Outcome.FAILED
        # What comes by standard error may stand between any two of them.
        assert {"no protocol", "[1]", "{oops"} < {*end(said).reason.replace(": ", "\n").split("\n")}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ({"version": 9}, "it speaks version 9 of the protocol"),
        ({"login": True}, "it wants to be logged in"),
    ],
)
def test_one_with_which_nothing_can_be_begun_is_told_in_words(
    tmp_path: Path, script: dict[str, Any], why: str
) -> None:
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, **script).run()

        assert end(said).reason.startswith(f"the agent failed: {why}")


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        (Limits(total=60, silence=4), Outcome.STALLED),
        (Limits(total=6, silence=60), Outcome.TIMED_OUT),
    ],
)
def test_one_that_says_nothing_meets_a_limit_and_leaves_nothing(
    tmp_path: Path, limits: Limits, outcome: Outcome
) -> None:
    word = f"8642.{limits.total:g}1{os.getpid()}"  # nobody else's begins so
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"fork": word}, {"hang": "politely"}])
        run = acps.start(limits=limits)
        said = hosts.over(run)

        assert end(said).outcome is outcome, said
        assert acps.heard(run)[-1] == "session/cancel"
        assert processes(f"sleep\0{word}") == []


def test_a_run_that_is_stopped_ends_the_agent_and_all_that_it_started(tmp_path: Path) -> None:
    word = f"8642.71{os.getpid()}"
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"fork": word}, {"hang": "deaf"}])
        run = acps.start()
        eventually(lambda: processes(f"sleep\0{word}"))
        hosts.stop(run)

        assert end(hosts.said(run)).outcome is Outcome.INTERRUPTED
        assert processes(f"sleep\0{word}") == []


def test_what_a_deaf_agent_left_is_put_away_by_a_run_that_is_stopped(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"write": ["half.txt", "half\n"]}, {"hang": "deaf"}])
        run = acps.start()
        eventually((hosts.workspace / "half.txt").exists)
        hosts.stop(run)
        said = hosts.said(run)
        assert (end(said).outcome, end(said).reason) == (Outcome.INTERRUPTED, "it was told to stop")
        assert [one.files for one in every(said, Kept)] == [1]
        assert git(hosts.workspace, "status", "--porcelain") == ""


def test_what_it_is_given_in_its_environment_is_in_no_command_line(tmp_path: Path) -> None:
    secret, word = "8642-not-for-all", f"8642.72{os.getpid()}"
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, [{"fork": word}, {"hang": "politely"}])
        means = replace(acps.means, environment={"PROXY": secret})
        run = acps.start(means=means)
        eventually(lambda: processes(f"sleep\0{word}"))
        (pid,) = processes(f"sleep\0{word}")
        given = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        seen = processes(secret)
        hosts.stop(run)

        assert f"PROXY={secret}".encode() in given
        assert seen == []


def test_findings_go_back_to_the_same_session_and_then_to_a_person(tmp_path: Path) -> None:
    marked: list[dict[str, Any]] = [
        {"write": ["code.py", "x = 1  # TODO: more\n"]},
        {"say": "Wrote x."},
    ]
    again = [{"expect": "work is left for later in code.py: x = 1  # TODO: more"}, *marked]
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, marked, again, rounds=1).run()

        assert end(said).outcome is Outcome.ASKED, said
        assert len(every(said, Found)) == 2
        (asked,) = every(said, Asked)
        assert asked.kind is Kind.FINDINGS
        assert "Wrote x." in asked.text


def test_what_it_says_does_and_changes_is_told_and_the_work_is_one_commit(tmp_path: Path) -> None:
    turn: list[dict[str, Any]] = [
        {"expect": "<task>\nwrite hello into new.txt\n</task>"},
        {"think": "Let me see."},
        {"say": "I will write it."},
        {"write": ["new.txt", "hello\n"]},
        {"update": {"plan": {"entries": [{"content": "write", "status": "completed"}]}}},
        {"say": "It says hello."},
    ]
    with Hosts(tmp_path) as hosts:
        acps = Acps(hosts, turn, modes=["auto", "default"])
        run = acps.start("write hello into new.txt", title="say hello")
        said = hosts.over(run)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [(one.text, one.thought) for one in every(said, Said)] == [
            ("Let me see.", True),
            ("I will write it.", False),
            ("It says hello.", False),
        ]
        file = str(hosts.workspace / "new.txt")
        assert [(one.tool, one.target) for one in every(said, Used)] == [("edit", file)]
        assert [(one.path, one.added, one.removed) for one in every(said, Changed)] == [
            (file, 1, 0)
        ]
        assert [one.kind for one in every(said, Other)] == ["plan"]
        assert [one.text for one in every(said, Concluded)] == ["It says hello."]
        assert (end(said).peak_memory or 0) > 1_000_000
        assert acps.heard(run) == [
            *("initialize", "session/new", "session/set_mode", "session/prompt")
        ]
        assert git(hosts.workspace, "log", "-1", "--format=%s") == "say hello\n"
        assert git(hosts.workspace, "show", "--format=", "--name-only") == "new.txt\n"


def test_files_and_terminals_are_its_own_and_not_ours(tmp_path: Path) -> None:
    turn = [{"wants": "fs/read_text_file"}, {"wants": "terminal/create"}]
    with Hosts(tmp_path) as hosts:
        said = Acps(hosts, turn).run()

        (one,) = every(said, Said)
        assert one.text == "fs/read_text_file: -32601terminal/create: -32601"

"""A task that Claude Code does: what is committed, what is told, and what is sent back."""

import os
import signal
from pathlib import Path
from typing import Any

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import (
    Asked,
    Changed,
    Charged,
    Committed,
    Concluded,
    Found,
    Kept,
    Said,
    Used,
)
from pmrunnerd.model.questions import ACCEPT, Kind
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, result, uses, written
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, git, needs_sandbox, processes

pytestmark = needs_sandbox


def test_what_it_says_does_and_changes_is_told_and_the_work_is_one_commit(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / "new.txt"
        steps = [
            uses("Write", "I will write it.", file_path=str(file), content="hello\n"),
            uses("Bash", command="cat new.txt && git add -A && git status --short"),
            result("It says hello.", "new.txt", last="hello\nA  new.txt"),
        ]
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run("write hello into new.txt", title="say hello")

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [p.text for p in every(said, Said)] == ["I will write it."]
        assert [(p.tool, p.failed) for p in every(said, Used)][:2] == [
            ("Write", False),
            ("Bash", False),
        ]
        assert every(said, Used)[1].result.startswith("hello\n")
        assert every(said, Concluded)[0].text == "It says hello."
        assert every(said, Changed) == [
            Changed(at=every(said, Changed)[0].at, path=str(file), added=1)
        ]
        assert every(said, Charged)[-1].dollars > 0
        assert (end(said).peak_memory or 0) > 100_000_000
        assert git(hosts.workspace, "log", "-1", "--format=%s") == "say hello\n"
        assert git(hosts.workspace, "show", "--format=", "--name-only") == "new.txt\n"
        assert not (hosts.workspace / ".claude").exists()


def test_an_end_without_a_result_is_a_failure(tmp_path: Path) -> None:
    steps = [Step(text="I think I am done."), Step(text="Yes, done.")]
    with Hosts(tmp_path) as hosts, scripted(*steps) as model:
        said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.FAILED
        assert end(said).reason == "Claude Code failed: it ended without a result"
        assert every(said, Committed) == []


def test_findings_go_back_to_the_same_session_until_they_are_gone(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / "code.py"
        steps = [
            written(file, "def f():\n    pass  # TODO: write it\n"),
            result("Wrote f.", "code.py", "missing.py", last="created"),
            written(file, "def f():\n    return 1\n"),
            result("Wrote all of f.", "code.py", last="updated"),
        ]
        steps[2].last = "missing.py is said to be changed, and is not there"
        steps[2].anywhere = "code.py:     pass  # TODO: write it"
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run("write f")

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [len(p.findings) for p in every(said, Found)] == [2]
        assert every(said, Concluded)[0].text == "Wrote all of f."
        assert git(hosts.workspace, "show", "HEAD:code.py") == "def f():\n    return 1\n"


def test_whatever_it_says_and_leaves_the_run_goes_on(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        steps = [
            uses("Bash", command="mkdir sub && git init -q --template= sub && touch sub/x"),
            result("Half of \ud83d.", "no\0path", "y" * 200_000),
            uses("Bash", command="rm -rf sub/.git"),
            result("All of it.", "sub/x"),
        ]
        steps[2].last = "sub/ is a git repository of its own"
        steps[2].anywhere = "said to be changed, and is no path"
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run("write sub/x")

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert [len(p.findings) for p in every(said, Found)] == [3]
        assert git(hosts.workspace, "show", "--name-only", "--format=").split() == ["sub/x"]


def test_findings_that_stay_are_a_person_s_to_decide_on(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        claims = result("Wrote it.", "missing.py")
        claims.repeats = True
        with scripted(claims) as model:
            said = Claudes(hosts, model, rounds=1).run("write it")

        assert end(said).outcome is Outcome.ASKED, said
        assert len(every(said, Found)) == 2
        (asked,) = every(said, Asked)
        assert asked.kind is Kind.FINDINGS
        assert "missing.py is said to be changed, and is not there" in asked.text
        assert "Wrote it." in asked.text


def test_work_that_was_accepted_is_committed_or_a_person_is_asked_where_it_is(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / "work.txt"
        steps = [written(file, "the agent's\n"), result("Done.", "missing.py", last="created")]
        with scripted(*steps) as model:
            claudes = Claudes(hosts, model, rounds=0)
            first = claudes.start()
            found = hosts.over(first)
            (kept,) = every(found, Kept)
            file.write_text("a person's\n")
            git(hosts.workspace, "add", "work.txt")
            git(hosts.workspace, "commit", "--quiet", "--message=meanwhile")
            told: dict[str, Any] = {"answers": answers(found, first, ACCEPT), "resumes": kept.ref}
            said = claudes.run(**told)
            file.unlink()
            git(hosts.workspace, "commit", "--quiet", "--all", "--message=out of the way")
            again = claudes.run(**told)

        assert end(said).outcome is Outcome.ASKED, said
        assert kept.ref in every(said, Asked)[0].text
        assert every(said, Committed) == []
        assert end(again).outcome is Outcome.SUCCEEDED, again
        assert git(hosts.workspace, "show", "HEAD:work.txt") == "the agent's\n"


def test_a_command_that_is_killed_is_the_model_s_to_go_on_without(tmp_path: Path) -> None:
    word = f"78{os.getpid()}1"
    sleeps = uses("Bash", command=f"true; sleep {word}; echo ended $?")
    with Hosts(tmp_path) as hosts, scripted(sleeps, result(last="ended 137")) as model:
        run = Claudes(hosts, model).start()
        eventually(lambda: processes(f"sleep\0{word}"))
        (pid,) = processes(f"sleep\0{word}")
        os.kill(pid, signal.SIGKILL)
        said = hosts.over(run)

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert not every(said, Used)[0].failed

"""What Claude Code may not do by itself is asked of a person, and not deferred."""

from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Told, Used
from pmrunnerd.model.questions import ALLOW_ONCE, ALLOW_TASK, DENY, OPTIONS, Kind
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, result, written
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox

pytestmark = needs_sandbox


def test_what_is_denied_is_told_to_the_session_with_the_reason(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / ".mcp.json"
        ends = result("Without it.", last="not allowed. The reason: we use none of those")
        with scripted(written(file, "{}"), ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            said = claudes.run(answers=answers(asked, first, "we use none of those"))

        (one,) = every(asked, Asked)
        assert (end(asked).outcome, one.kind) == (Outcome.ASKED, Kind.PERMISSION)
        assert one.text.splitlines() == [
            f"May it use Write on {file}?",
            "It would write:",
            "  | {}",
            '"allow once" is for the next use of Write on just that, whatever it writes then.',
            '"allow for this task" is for any use of Write on .mcp.json.',
        ]
        assert one.options == OPTIONS[Kind.PERMISSION]
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert not file.exists()


def test_what_was_decided_is_told_also_where_the_provider_took_no_more_meanwhile(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / ".mcp.json"
        refused = Step(error=(401, "authentication_error", {}))
        ends = result("Without it.", last="not allowed. The reason: we use none of those")
        with scripted(written(file, "{}"), refused, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            told = answers(hosts.over(first), first, "we use none of those")
            limited = claudes.run(answers=told)
            said = claudes.run(answers=told)

        assert end(limited).outcome is Outcome.LIMITED, limited
        assert every(limited, Told) == []
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert len(every(said, Told)) == 1


def test_what_is_allowed_once_is_asked_the_next_time(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / ".mcp.json"
        steps = [written(file, "{}"), written(file, '{"a": 1}'), written(file, '{"a": 2}')]
        steps[1].last, steps[2].last = "It is allowed; do it again now", "created"
        with scripted(*steps) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            told = answers(hosts.over(first), first, ALLOW_ONCE)
            said = claudes.run(answers=told)

        assert end(said).outcome is Outcome.ASKED, said
        assert [one.result == "a person is asked" for one in every(said, Used)] == [False, True]


def test_what_is_allowed_for_the_task_is_not_asked_again(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        file = hosts.workspace / ".mcp.json"
        steps = [
            written(file, "{}"),
            written(file, '{"a": 1}'),
            written(file, '{"a": 2}'),
            result("Done.", ".mcp.json"),
        ]
        steps[1].last, steps[2].last, steps[3].last = "do it again now", "created", "updated"
        with scripted(*steps) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            said = claudes.run(answers=answers(hosts.over(first), first, ALLOW_TASK))

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert git(hosts.workspace, "show", "HEAD:.mcp.json") == '{"a": 2}'


def test_all_that_one_turn_wants_is_asked_at_once_and_decided_each_for_itself(
    tmp_path: Path,
) -> None:
    with Hosts(tmp_path) as hosts:
        files = [hosts.workspace / name for name in (".mcp.json", ".envrc", "plain", ".mcp.json")]
        called = [("Write", {"file_path": str(file), "content": "{}"}) for file in files]
        again = Step(tools=called[:1], last=f"{files[1]}? It is not allowed.")
        again.anywhere = f"{files[0]}? It is allowed; do it again now."
        ends = result("One of them.", ".mcp.json", last="created")
        with scripted(Step(tools=called), again, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            said = claudes.run(answers=answers(asked, first, ALLOW_ONCE, DENY))

        uses = [one.text.splitlines()[0] for one in every(asked, Asked)]
        assert uses == [f"May it use Write on {file}?" for file in files[:2]]
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert git(hosts.workspace, "show", "--format=", "--name-only", "HEAD") == ".mcp.json\n"


def test_what_is_no_file_of_the_workspace_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        outside, inside = hosts.root / "outside", hosts.workspace / ".git" / "hooks" / "post-commit"
        steps = [
            written(outside, "x"),
            written(hosts.workspace / ".." / "outside", "x"),
            written(inside, "x"),
            result("I could not."),
        ]
        for step in steps[1:]:
            step.last = "Only files of the workspace can be changed"
        with scripted(*steps) as model:
            said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert not outside.exists()
        assert not inside.exists()

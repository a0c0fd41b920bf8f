"""Questions of Claude Code: the run ends, and the answer resumes the same session."""

from pathlib import Path

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Asked, Kept
from pmrunnerd.model.questions import Kind
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, question, result, uses, written
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import git, needs_sandbox

pytestmark = needs_sandbox


def test_an_answer_resumes_the_session_and_finds_the_work_as_it_was(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts:
        steps = [
            written(hosts.workspace / "half.txt", "half\n"),
            uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")]),
            uses("Bash", command="cat half.txt; git log --oneline | wc -l"),
            result("A cherry.", "half.txt", last="half"),
        ]
        steps[1].last, steps[2].last = "created", "cherry"
        with scripted(*steps) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            kept = every(asked, Kept)[0].ref
            told = answers(asked, first, "cherry")
            assert git(hosts.workspace, "status", "--porcelain") == ""
            said = claudes.run(answers=told, resumes=kept)

        assert end(asked).outcome is Outcome.ASKED
        (one,) = every(asked, Asked)
        assert (one.text, one.options) == ("Which fruit?", ("apple", "cherry"))
        assert one.details == ("take apple", "take cherry")
        assert one.kind is Kind.AGENT
        assert end(said).outcome is Outcome.SUCCEEDED, said
        assert git(hosts.workspace, "show", "HEAD:half.txt") == "half\n"
        sessions = {headers["X-Claude-Code-Session-Id"] for headers in model.headers}
        assert sessions == {claudes.session}


def test_several_questions_of_one_turn_are_all_asked_and_answered_together(tmp_path: Path) -> None:
    asking = Step(
        tools=[
            ("AskUserQuestion", {"questions": [question("Which fruit?", "apple", "cherry")]}),
            (
                "AskUserQuestion",
                {
                    "questions": [
                        question("Which sizes?", "small", "large", multiple=True),
                        question("What name?", "this", "that"),
                    ]
                },
            ),
        ]
    )
    with Hosts(tmp_path) as hosts:
        ends = result("Thanks.", last="A person answers: cherry\n")
        with scripted(asking, ends) as model:
            claudes = Claudes(hosts, model)
            first = claudes.start()
            asked = hosts.over(first)
            assert [one.text for one in every(asked, Asked)] == [
                "Which fruit?",
                "Which sizes?",
                "What name?",
            ]
            assert [one.multiple for one in every(asked, Asked)] == [False, True, False]
            said = claudes.run(answers=answers(asked, first, "cherry", "small, large", "Bob"))

        assert end(said).outcome is Outcome.SUCCEEDED, said
        told = str(model.requests[-1]["messages"][-1])
        assert "A person answers: small, large" in told
        assert "A person answers: Bob" in told


def test_the_same_words_asked_again_are_another_question(tmp_path: Path) -> None:
    asking = uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")])
    again = uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")])
    again.last = "cherry"
    with Hosts(tmp_path) as hosts, scripted(asking, again) as model:
        claudes = Claudes(hosts, model)
        first = claudes.start()
        told = answers(hosts.over(first), first, "cherry")
        said = claudes.run(answers=told)

        assert end(said).outcome is Outcome.ASKED, said
        assert len(every(said, Asked)) == 1

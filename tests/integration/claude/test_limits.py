"""What ends a run before its work does: the provider, and limits of turns, cost and time."""

import time
from datetime import datetime
from pathlib import Path

import pytest

from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.logins import Login
from pmrunnerd.model.progress import AnyProgress, Asked, Charged, Kept, Limited, Served
from pmrunnerd.model.questions import OPTIONS, Kind
from pmrunnerd.model.spec import Budget, Limits
from tests.everything import some
from tests.fakes.model import Step, scripted
from tests.integration.claude.parts import Claudes, answers, log_in, question, result, uses, written
from tests.integration.runhost.hosts import Hosts, end, every
from tests.unit.services.parts import eventually, needs_sandbox

pytestmark = needs_sandbox


def paid(said: list[AnyProgress]) -> list[float]:
    """Return what a run has said that it cost, one after the other."""
    return [one.dollars for one in every(said, Charged) if one.dollars]


def test_who_is_not_known_to_the_provider_stops_at_the_first_report(tmp_path: Path) -> None:
    refused = Step(error=(401, "authentication_error", {}), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(refused) as model:
        said = Claudes(hosts, model).run()

        assert (end(said).outcome, len(model.requests)) == (Outcome.LIMITED, 1)
        assert [one.kind for one in every(said, Limited)] == ["login"]


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [(429, "rate_limit_error", "rate"), (529, "overloaded_error", "overload")],
)
def test_a_provider_that_takes_no_more_is_told_apart(
    tmp_path: Path, status: int, kind: str, expected: str
) -> None:
    refused = Step(error=(status, kind, {}), repeats=True)
    with Hosts(tmp_path) as hosts:
        first = written(hosts.workspace / "half.txt", "half\n")
        with scripted(first, refused) as model:
            said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.LIMITED, said
        assert [one.kind for one in every(said, Limited)] == [expected]
        assert len(every(said, Kept)) == 1, "what it had done is lost"


def test_an_answer_that_no_model_has_heard_yet_is_not_served(tmp_path: Path) -> None:
    asks = uses("AskUserQuestion", questions=[question("Which fruit?", "apple", "cherry")])
    refused = Step(error=(529, "overloaded_error", {}), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(asks, refused) as model:
        claudes = Claudes(hosts, model)
        first = claudes.start()
        answer = answers(hosts.over(first), first, "cherry")
        assert len(every(hosts.said(first), Served)) == 1

        said = claudes.run(answers=answer)
        assert end(said).outcome is Outcome.LIMITED, said
        assert every(said, Served) == []


@pytest.mark.parametrize(
    ("status", "kind", "after", "login"),
    some(
        [
            (429, "rate_limit_error", 300, Login.TOKEN),
            (529, "overloaded_error", 300, Login.API_KEY),
            (429, "rate_limit_error", 45, Login.API_KEY),
            (429, "rate_limit_error", 300, Login.API_KEY),
        ],
        2,
    ),
)
def test_a_long_wait_holds_no_workspace_and_is_told_with_its_end(
    tmp_path: Path, status: int, kind: str, after: int, login: Login
) -> None:
    refused = Step(error=(status, kind, {"retry-after": str(after)}), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(refused) as model:
        claudes = Claudes(hosts, model)
        log_in(hosts.runs.parent, "sk-ant-none", login)
        asked = time.time()
        said = claudes.run(limits=Limits(total=40, silence=25))

        assert end(said).outcome is Outcome.LIMITED, said
        assert len(model.requests) == 1, "it waits by itself, with the workspace in its hands"
        (limited,) = every(said, Limited)
        wait = datetime.fromisoformat(limited.until).timestamp() - asked
        assert after <= wait < 2 * after + 30, limited


def test_a_short_wait_is_the_cli_s_own(tmp_path: Path) -> None:
    refused = Step(error=(429, "rate_limit_error", {"retry-after": "1"}))
    with Hosts(tmp_path) as hosts, scripted(refused, result()) as model:
        said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.SUCCEEDED, said


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    some(
        [
            (403, "", "way"),
            (403, "permission_error", "login"),
            (402, "billing_error", "balance"),
            (409, "conflict_error", "overload"),
            (522, "", "overload"),
            (407, "", "way"),
        ],
        4,
    ),
)
def test_what_refuses_us_is_told_apart_and_fails_no_task(
    tmp_path: Path, status: int, kind: str, expected: str
) -> None:
    refused = Step(error=(status, kind, {}), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(refused) as model:
        said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.LIMITED, said
        (limited,) = every(said, Limited)
        assert (limited.kind, f"({status})" in limited.reason) == (expected, True)


def test_the_time_of_the_reset_is_told(tmp_path: Path) -> None:
    resets = int(time.time()) + 3600
    headers = {
        "retry-after": "3600",
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": str(resets),
    }
    refused = Step(error=(429, "rate_limit_error", headers), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(refused) as model:
        claudes = Claudes(hosts, model)
        # By a key it says nothing of the time.
        log_in(hosts.runs.parent, "sk-ant-oat01-none", Login.TOKEN)
        said = claudes.run()

        assert end(said).outcome is Outcome.LIMITED, said
        (limited,) = every(said, Limited)
        assert limited.until.startswith(time.strftime("%Y-%m-%dT%H:%M", time.gmtime(resets)))


def test_a_stream_that_is_cut_is_asked_for_again(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts, scripted(Step(text="half of it", cuts=True), result()) as model:
        said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.SUCCEEDED, said


def test_a_stream_that_is_cut_each_time_is_the_provider_s_trouble(tmp_path: Path) -> None:
    cut = Step(text="half of it", cuts=True, repeats=True)
    with Hosts(tmp_path) as hosts, scripted(cut) as model:
        said = Claudes(hosts, model).run()

        assert end(said).outcome is Outcome.LIMITED, said
        assert [one.kind for one in every(said, Limited)] == ["overload"]


def test_a_stream_that_hangs_is_silence(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts, scripted(Step(text="half of it", hangs=True)) as model:
        said = Claudes(hosts, model).run(limits=Limits(total=60, silence=4))

        assert end(said).outcome is Outcome.STALLED, said


def test_what_a_run_has_cost_is_known_though_it_is_killed(tmp_path: Path) -> None:
    ran = [uses("Bash", command=f"echo {number}") for number in range(2)]
    with Hosts(tmp_path) as hosts, scripted(*ran, Step(text="and so on", hangs=True)) as model:
        claudes = Claudes(hosts, model)
        run = claudes.start()
        eventually(lambda: paid(hosts.said(run)) == [0.005, 0.01])
        model.wait(3)
        hosts.kill(run)

        model.steps.append(result())
        assert paid(claudes.run(spent=0.01))[-1] == 0.005, "a run costs what is its own"


def test_a_run_after_a_limit_costs_what_it_costs(tmp_path: Path) -> None:
    refused = Step(error=(529, "overloaded_error", {}), repeats=True)
    with Hosts(tmp_path) as hosts, scripted(uses("Bash", command="echo 1"), refused) as model:
        claudes = Claudes(hosts, model)
        assert paid(claudes.run())[-1] == 0.005

        model.steps[:] = [uses("Bash", command="echo 2"), result()]
        assert paid(claudes.run(spent=0.005))[-1] == 0.01


def test_what_a_run_could_not_tell_any_more_is_told_by_the_next(tmp_path: Path) -> None:
    with Hosts(tmp_path) as hosts, scripted(result(), result()) as model:
        claudes = Claudes(hosts, model)
        claudes.run()

        assert paid(claudes.run(spent=0.0))[-1] == 0.01


def test_a_limit_of_turns_is_a_question(tmp_path: Path) -> None:
    reads = uses("Bash", command="echo again")
    reads.repeats = True
    with Hosts(tmp_path) as hosts, scripted(reads) as model:
        said = Claudes(hosts, model, turns=2).run()

        assert end(said).outcome is Outcome.ASKED, said
        (asked,) = every(said, Asked)
        assert (asked.kind, asked.options) == (Kind.BUDGET, OPTIONS[Kind.BUDGET])
        assert "has taken 2 turns" in asked.text
        assert every(said, Charged)[-1].turns == 2


def test_a_limit_of_cost_is_a_question(tmp_path: Path) -> None:
    reads = uses("Bash", command="echo again")
    reads.repeats = True
    with Hosts(tmp_path) as hosts, scripted(reads) as model:
        said = Claudes(hosts, model, budget=Budget(scope="task", limit=0.512, used=0.5)).run()

        assert end(said).outcome is Outcome.ASKED, said
        (asked,) = every(said, Asked)
        assert asked.kind is Kind.BUDGET
        assert "may cost $0.5120" in asked.text
        assert asked.about == "task"
        assert every(said, Charged)[-1].dollars >= 0.01

from msgspec.structs import replace

from pmrunnerd.engine.specs import spec
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome, PlanApproval, TaskKind
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from pmrunnerd.model.spec import Answered, Budget, Limits, Means, Needed
from pmrunnerd.rules import decide
from tests.unit.rules.life import a_plan, a_proposed_plan, asked, happen, started


def test_a_run_is_told_what_was_answered_and_who_was_there_before_it() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", "which?", "why?"))
    happen(
        state,
        ev.QuestionAnswered(question="q1", project="w1", text="this one", by="anna"),
        ev.QuestionAnswered(question="q2", project="w1", text="because", by="anna"),
        ev.TaskAnswered(task="t1", project="w1"),
        started("t1", "r2-bbbb", 2),
    )
    settings = Settings(runs_total=60, runs_silence=5)

    told = spec(state, state.runs["r2-bbbb"], settings, "dev")

    assert told.earlier == ("r1-aaaa",)
    assert told.answers == (
        Answered(question="which?", answer="this one", run="r1-aaaa", news=True),
        Answered(question="why?", answer="because", run="r1-aaaa", news=True),
    )
    assert told.limits == Limits(total=60, silence=5)

    # What the runner asked for itself is no answer to anything that the agent asks.
    state.questions["q2"] = replace(state.questions["q2"], kind=Kind.HEAD)
    told = spec(state, state.runs["r2-bbbb"], settings, "dev")
    assert told.answers == (
        Answered(question="which?", answer="this one", run="r1-aaaa", news=True),
    )
    assert (told.environment, told.workspace, told.attempt) == ("dev", "/srv/demo", 2)


def test_a_commit_says_where_it_comes_from() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    assert spec(state, state.runs["r1-aaaa"], Settings(), "dev").trailers == (
        ("PM-Runner-Message", "m1"),
        ("PM-Runner-Plan", "p1"),
        ("PM-Runner-Task", "t1"),
        ("PM-Runner-Run", "r1-aaaa"),
    )


def test_only_a_run_that_was_interrupted_may_have_finished_without_a_word() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"), *asked("t1", "r1-aaaa", "which?"))
    happen(
        state,
        ev.QuestionAnswered(question="q1", project="w1", text="no", by="anna"),
        ev.TaskAnswered(task="t1", project="w1"),
        started("t1", "r2-bbbb", 2),
        ev.RunEnded(run="r2-bbbb", project="w1", outcome=Outcome.INTERRUPTED, cursor=0),
        ev.TaskInterrupted(task="t1", project="w1", reason="power cut"),
        started("t1", "r3-cccc", 3),
    )
    told = spec(state, state.runs["r3-cccc"], Settings(), "dev")

    assert (told.earlier, told.interrupted) == (("r1-aaaa", "r2-bbbb"), ("r2-bbbb",))
    assert told.perhaps_finished == told.interrupted


def test_a_run_that_was_cancelled_may_have_finished_and_died_before_it_could_say_so() -> None:
    state = happen(
        a_plan(),
        started("t1", "r1-aaaa"),
        ev.TaskCancelRequested(task="t1", project="w1", by="anna"),
        ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.CANCELLED, cursor=0),
        ev.TaskCancelled(task="t1", project="w1", by="anna"),
        ev.TaskRetried(task="t1", project="w1", by="anna"),
        started("t1", "r2-bbbb", 2),
    )

    told = spec(state, state.runs["r2-bbbb"], Settings(), "dev")
    assert told.interrupted == told.perhaps_finished == ("r1-aaaa",)


def test_a_run_that_failed_may_have_committed_and_not_been_able_to_take_it_back() -> None:
    state = happen(
        a_plan(),
        started("t1", "r1-aaaa"),
        ev.RunEnded(run="r1-aaaa", project="w1", outcome=Outcome.FAILED, cursor=0),
        ev.TaskFailed(task="t1", project="w1", reason="cannot run git log"),
        ev.TaskRetried(task="t1", project="w1", by="anna"),
        started("t1", "r2-bbbb", 2),
    )

    told = spec(state, state.runs["r2-bbbb"], Settings(), "dev")
    assert (told.interrupted, told.perhaps_finished) == ((), ("r1-aaaa",))


def test_who_works_is_told_of_its_plan_and_of_what_came_before_it() -> None:
    state = a_proposed_plan({"a": (), "b": ("a",)}, PlanApproval.AUTO)
    happen(
        state,
        ev.ProjectChanged(project="w1", bootstrap_prompt="be kind"),
        started("t2", "r2"),
        ev.RunEnded(run="r2", project="w1", outcome=Outcome.SUCCEEDED, cursor=9, commit="4f2a"),
        ev.TaskCompleted(task="t2", project="w1", commit="4f2a", result="a is there"),
        started("t3", "r3"),
    )
    told = spec(state, state.runs["r3"], Settings(), "dev")

    assert (told.kind, told.bootstrap) == (TaskKind.WORK, "be kind")
    assert told.plan == "all of it\n- a: do a\n- b: do b"
    assert told.needed == (Needed(name="a", title="do a", result="a is there", commit="4f2a"),)


def test_who_plans_anew_is_told_the_objections_and_where_the_session_was() -> None:
    state = a_proposed_plan()
    happen(state, *decide.reject_plan(state, "p1", "no database", "anna"), started("t3", "r2"))
    told = spec(state, state.runs["r2"], Settings(), "dev")

    assert (told.kind, told.text, told.plan) == (TaskKind.PLANNING, "do it", "")
    assert (told.earlier, told.objections) == (("r1",), ("no database",))

    sent_back = ev.TaskSentBack(task="t3", project="w1", objections=("it has no task",))
    ended = ev.RunEnded(run="r2", project="w1", outcome=Outcome.SUCCEEDED, cursor=9)
    happen(state, ended, sent_back, started("t3", "r3", 2))
    told = spec(state, state.runs["r3"], Settings(), "dev")
    assert (told.earlier, told.objections) == (("r1", "r2"), ("no database", "it has no task"))


def test_what_claude_may_use_is_told_to_claude_alone() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    settings = Settings(
        agent_env={"HTTPS_PROXY": "http://proxy"},
        agent_claude_path="/opt/claude",
        agent_claude_model="opus",
        agent_claude_turns=9,
        agent_claude_dollars=1.5,
        agent_claude_rounds=1,
    )
    run = state.runs["r1-aaaa"]
    assert spec(state, run, settings, "dev").means == Means()
    assert spec(state, replace(run, agent="claude"), settings, "dev").means == Means(
        cli="/opt/claude",
        model="opus",
        environment={"HTTPS_PROXY": "http://proxy"},
        turns=9,
        budget=Budget(scope="run", limit=1.5),
        rounds=1,
    )


def test_what_an_agent_of_the_protocol_may_use_are_its_own_settings() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    settings = Settings(
        agent_env={"HTTPS_PROXY": "http://proxy", "NOTE": "all"},
        agent_acp_env={"GEMINI_API_KEY": "k", "NOTE": "its own"},
        agent_acp_command="gemini --acp",
        agent_acp_shown="/opt/gemini",
        agent_acp_rounds=1,
        agent_claude_dollars=1.5,
    )
    run = replace(state.runs["r1-aaaa"], agent="acp")

    assert spec(state, run, settings, "dev").means == Means(
        cli="gemini --acp",
        shown="/opt/gemini",
        environment={"HTTPS_PROXY": "http://proxy", "NOTE": "its own", "GEMINI_API_KEY": "k"},
        rounds=1,
    )


def test_what_the_run_before_left_is_told_unless_a_person_wants_to_begin_anew() -> None:
    state = happen(a_plan(), started("t1", "r1"))
    over = ev.RunEnded(
        run="r1", project="w1", outcome=Outcome.ASKED, cursor=9, kept="refs/pm-runner/runs/r1"
    )
    question = ev.AskedQuestion(question="q1", text="?", kind=Kind.PERMISSION)
    waits = ev.TaskAsked(task="t1", project="w1", run="r1", questions=(question,))
    answered = ev.QuestionAnswered(question="q1", project="w1", text="allow once", by="anna")
    again = ev.TaskAnswered(task="t1", project="w1")
    happen(state, over, waits, answered, again, started("t1", "r2", 2))
    run = state.runs["r2"]
    told = spec(state, run, Settings(), "dev")

    assert told.resumes == "refs/pm-runner/runs/r1"
    assert told.answers == (
        Answered(question="?", answer="allow once", kind=Kind.PERMISSION, run="r1", news=True),
    )
    state.questions["q1"] = replace(state.questions["q1"], kind=Kind.HEAD)
    assert spec(state, run, Settings(), "dev").resumes == ""

from msgspec.structs import replace

from pmrunnerd.engine.specs import spec
from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.progress import Answered, Limits, Means
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.settings import Settings
from tests.unit.rules.life import a_plan, asked, happen, started


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
        Answered(question="which?", answer="this one"),
        Answered(question="why?", answer="because"),
    )
    assert told.limits == Limits(total=60, silence=5)

    # What the runner asked for itself is no answer to anything that the agent asks.
    state.questions["q2"] = replace(state.questions["q2"], kind=Kind.HEAD)
    told = spec(state, state.runs["r2-bbbb"], settings, "dev")
    assert told.answers == (Answered(question="which?", answer="this one"),)
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

    assert spec(state, state.runs["r2-bbbb"], Settings(), "dev").interrupted == ("r1-aaaa",)


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
        dollars=1.5,
        rounds=1,
    )

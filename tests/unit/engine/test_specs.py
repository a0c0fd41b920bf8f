from pmrunnerd.engine.specs import spec
from pmrunnerd.model import events as ev
from pmrunnerd.model.progress import Answered, Limits
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
    assert (told.environment, told.workspace, told.attempt) == ("dev", "/srv/demo", 2)


def test_a_commit_says_where_it_comes_from() -> None:
    state = happen(a_plan(), started("t1", "r1-aaaa"))
    assert spec(state, state.runs["r1-aaaa"], Settings(), "dev").trailers == (
        ("PM-Runner-Message", "m1"),
        ("PM-Runner-Plan", "p1"),
        ("PM-Runner-Task", "t1"),
        ("PM-Runner-Run", "r1-aaaa"),
    )

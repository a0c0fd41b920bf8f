"""What a run goes on from, whatever ended without having had it."""

from pmrunnerd.model import events as ev
from pmrunnerd.model.entities import Outcome
from pmrunnerd.model.questions import Kind
from pmrunnerd.model.state import State
from pmrunnerd.rules import handover
from tests.unit.rules.life import a_plan, happen, started


class Life:
    """Task t1, run after run."""

    def __init__(self) -> None:
        self.state: State = a_plan()

    def run(
        self,
        outcome: Outcome,
        kept: str = "",
        *,
        restored: bool = False,
        told: bool = False,
        asks: Kind | None = None,
    ) -> None:
        """Have the next run end so; what it asks is answered."""
        count = len(self._runs) + 1
        name = f"r{count}"
        over = ev.RunEnded(
            run=name,
            project="w1",
            outcome=outcome,
            cursor=9,
            kept=kept,
            restored=restored,
            told=told,
        )
        happen(self.state, started("t1", name, count), over)
        if asks is None:
            again = ev.TaskInterrupted(task="t1", project="w1", reason="it died")
            happen(self.state, again)
            return
        question = ev.AskedQuestion(question=f"q{count}", text="?", kind=asks)
        happen(
            self.state,
            ev.TaskAsked(task="t1", project="w1", run=name, questions=(question,)),
            ev.QuestionAnswered(question=f"q{count}", project="w1", text="yes", by="anna"),
            ev.TaskAnswered(task="t1", project="w1"),
        )

    @property
    def _runs(self) -> tuple[str, ...]:
        return self.state.tasks["t1"].runs

    @property
    def left(self) -> str:
        found = handover.left(self.state, self.state.tasks["t1"], self._runs)
        return found.id if found is not None else ""

    @property
    def untold(self) -> set[str]:
        return set(handover.untold(self.state, self.state.tasks["t1"], self._runs))

    @property
    def gone_on_from(self) -> set[str]:
        return set(handover.gone_on_from(self.state, self.state.tasks["t1"]))


def test_what_was_left_stays_until_a_run_has_had_it_back() -> None:
    life = Life()
    life.run(Outcome.INTERRUPTED, "refs/1")
    assert life.left == "r1"
    life.run(Outcome.LIMITED)
    assert life.left == "r1"
    # Killed while it was put back: what was kept of that is a part of it.
    life.run(Outcome.INTERRUPTED, "refs/3")
    assert life.left == "r1"
    life.run(Outcome.FAILED, "refs/4", restored=True)
    assert life.left == "r4"
    # It had it back, and took all of it back itself.
    life.run(Outcome.FAILED, restored=True)
    assert life.left == ""


def test_what_a_session_knows_to_be_elsewhere_is_not_put_back_any_more() -> None:
    life = Life()
    life.run(Outcome.FAILED, "refs/1")
    life.run(Outcome.FAILED, "refs/2", told=True)

    assert life.left == "r2"


def test_nothing_is_left_where_a_person_wants_to_begin_anew() -> None:
    life = Life()
    life.run(Outcome.FAILED, "refs/1")
    life.run(Outcome.ASKED, "refs/2", restored=True, asks=Kind.HEAD)
    assert life.left == ""
    life.run(Outcome.FAILED, "refs/3")
    assert life.left == "r3"


def test_an_answer_is_news_until_a_run_has_told_its_session() -> None:
    life = Life()
    life.run(Outcome.ASKED, told=True, asks=Kind.PERMISSION)
    life.run(Outcome.LIMITED)
    assert life.untold == {"r1", "r2"}
    life.run(Outcome.INTERRUPTED, told=True)
    assert life.untold == {"r3"}


def test_what_was_answered_is_no_news_where_a_person_wants_to_begin_anew() -> None:
    life = Life()
    life.run(Outcome.ASKED, asks=Kind.PERMISSION)
    life.run(Outcome.ASKED, asks=Kind.HEAD)

    assert life.untold == {"r2"}


def test_the_run_with_the_session_and_the_one_with_the_work_are_gone_on_from() -> None:
    life = Life()
    assert life.gone_on_from == set()
    life.run(Outcome.FAILED)
    life.run(Outcome.ASKED, "refs/2", told=True, asks=Kind.AGENT)
    life.run(Outcome.LIMITED)
    assert life.gone_on_from == {"r2", "r3"}
    life.run(Outcome.FAILED, told=True, restored=True)
    assert life.gone_on_from == {"r4"}


def test_work_that_was_half_put_back_is_needed_where_it_is_whole() -> None:
    life = Life()
    life.run(Outcome.INTERRUPTED, "refs/1")
    life.run(Outcome.INTERRUPTED, "refs/2")

    assert life.gone_on_from == {"r1", "r2"}


def test_a_run_that_is_under_way_may_yet_end_without_what_was_left() -> None:
    life = Life()
    life.run(Outcome.FAILED, "refs/1")
    life.run(Outcome.LIMITED)
    happen(life.state, started("t1", "r3", 3))

    assert life.left == "r1"
    assert life.gone_on_from == {"r1", "r2", "r3"}

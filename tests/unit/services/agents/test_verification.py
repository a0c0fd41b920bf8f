"""What becomes of work that is said to be done."""

import asyncio
from pathlib import Path
from typing import Any

from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.questions import ACCEPT, Kind
from pmrunnerd.services.agents.protocol import Job, Verdict
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.agents.verification import Verification, accepted, instructions
from tests.unit.services.agents.parts import Heard, session_spec
from tests.unit.services.parts import head, repository, unconfined


def said(answer: str, run: str = "r1") -> pr.Answered:
    return pr.Answered(question="What was found", answer=answer, kind=Kind.FINDINGS, run=run)


class Judged:
    """Work that was judged, time after time."""

    def __init__(self, tmp_path: Path, *results: Result, **more: Any) -> None:
        workspace = repository(tmp_path / "workspace")
        job = Job(
            spec=session_spec(workspace=str(workspace), **more),
            cell=unconfined(workspace),
            directory=tmp_path,
            environment={},
            head=head(workspace),
        )
        self.heard = Heard()
        self.verification = Verification(job, self.heard)
        self.verdicts: list[Verdict | None] = [
            asyncio.run(self.verification.judge(result)) for result in results
        ]


def test_what_stays_is_a_person_s_to_decide_on_after_so_many_rounds(tmp_path: Path) -> None:
    claim = Result("Wrote it.", ("missing",))
    judged = Judged(tmp_path, claim, claim, means=pr.Means(rounds=1))

    first, second = judged.verdicts
    assert first is None
    assert "- missing is said to be changed" in judged.verification.sent_back
    assert second is not None
    assert second.outcome is Outcome.ASKED
    found, again, asked = judged.heard.told
    assert (type(found), type(again)) == (pr.Found, pr.Found)
    assert isinstance(asked, pr.Asked)
    assert asked.kind is Kind.FINDINGS
    assert "Wrote it.\nWhat was found:\n- missing is said" in asked.text


def test_work_with_nothing_wrong_is_done_and_its_summary_told(tmp_path: Path) -> None:
    judged = Judged(tmp_path, Result("It is done."))

    assert judged.verdicts == [Verdict(outcome=Outcome.SUCCEEDED)]
    assert judged.heard.told == [pr.Concluded(at="", text="It is done.")]


def test_what_a_person_accepted_is_over_but_for_a_plan_or_another_run() -> None:
    yes = {"earlier": ("r1",), "answers": (said(ACCEPT),)}

    assert accepted(session_spec(**yes), Heard()) == Verdict(outcome=Outcome.SUCCEEDED)
    assert accepted(session_spec(**yes, kind=TaskKind.PLANNING), Heard()) is None
    assert accepted(session_spec(earlier=("r1", "r2"), answers=(said(ACCEPT),)), Heard()) is None


def test_words_of_a_person_are_told_to_the_next_run_alone() -> None:
    told = session_spec(earlier=("r1",), answers=(said("Leave b out."),))

    assert instructions(told).endswith("Leave b out.")
    assert instructions(session_spec(earlier=("r1", "r2"), answers=told.answers)) == ""
    assert instructions(session_spec()) == ""

"""What becomes of work that is said to be done."""

import asyncio
from pathlib import Path
from typing import Any

from pmrunnerd.model import progress as pr
from pmrunnerd.model.entities import Outcome, TaskKind
from pmrunnerd.model.questions import ACCEPT, Kind
from pmrunnerd.model.spec import Answered, Means
from pmrunnerd.services.agents.protocol import Job, Verdict
from pmrunnerd.services.agents.review import Result
from pmrunnerd.services.agents.verification import Verification, accepted, instructions
from pmrunnerd.services.restoring import Restored
from tests.unit.services.agents.parts import Heard, session_spec
from tests.unit.services.parts import head, repository, unconfined


def said(answer: str, *, news: bool = True) -> Answered:
    return Answered(
        question="What was found", answer=answer, kind=Kind.FINDINGS, run="r1", news=news
    )


def job(tmp_path: Path, restored: Restored | None = None, **more: Any) -> Job:
    return Job(
        spec=session_spec(earlier=("r1",), **more),
        cell=unconfined(tmp_path),
        directory=tmp_path,
        environment={},
        restored=restored,
    )


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
    judged = Judged(tmp_path, claim, claim, means=Means(rounds=1))

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


def test_what_was_accepted_and_is_not_there_is_asked_about_again(tmp_path: Path) -> None:
    heard = Heard()
    gone = Restored("refs/pm-runner/runs/r1", there=False)
    verdict = accepted(job(tmp_path, answers=(said(ACCEPT),), restored=gone), heard)

    assert verdict == Verdict(outcome=Outcome.ASKED)
    (asked,) = heard.told
    assert isinstance(asked, pr.Asked)
    assert (asked.kind, "git show refs/pm-runner/runs/r1" in asked.text) == (Kind.FINDINGS, True)


def test_what_a_person_accepted_is_over_but_for_a_plan_or_where_it_is_no_news(
    tmp_path: Path,
) -> None:
    yes = (said(ACCEPT),)

    assert accepted(job(tmp_path, answers=yes), Heard()) == Verdict(outcome=Outcome.SUCCEEDED)
    assert accepted(job(tmp_path, answers=yes, kind=TaskKind.PLANNING), Heard()) is None
    assert accepted(job(tmp_path, answers=(said(ACCEPT, news=False),)), Heard()) is None
    assert accepted(job(tmp_path, answers=(*yes, said("No."))), Heard()) is None


def test_words_of_a_person_are_told_until_a_session_was_told_and_to_one_begun_anew() -> None:
    news = session_spec(earlier=("r1", "r2"), answers=(said("Leave b out."),))
    known = session_spec(earlier=("r1", "r2"), answers=(said("Leave b out.", news=False),))

    assert instructions(news).endswith("Leave b out.")
    assert instructions(known) == ""
    assert instructions(known, anew=True).endswith("Leave b out.")
    assert instructions(session_spec(), anew=True) == ""
    assert instructions(session_spec(answers=(said(ACCEPT, news=False),)), anew=True) == ""

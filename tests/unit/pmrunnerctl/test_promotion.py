from msgspec.structs import replace

from pmrunnerctl.promotion import draw
from pmrunnerd.model import protocol as p
from pmrunnerd.model.promotions import PromotionState
from pmrunnerd.model.views import PromotionTable
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl, Paper
from tests.unit.pmrunnerctl.moves import row


def test_they_are_listed_with_why_they_ended_badly(ctl: Ctl, daemon: FakeDaemon) -> None:
    bad = row(state=PromotionState.RETURNED, why="it crashed")
    daemon.answers[p.PromotionList] = PromotionTable(promotions=(row(), bad), before="x1-4f2a")

    said = ctl("promotion", "list", "--limit", "2").out

    assert said.count("it crashed") == 1
    assert "next: pmrunnerctl promotion list --limit 2 --before x1-4f2a   # older\n" in said


def test_where_there_are_none_one_looks_what_a_promotion_would_be(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.PromotionList] = PromotionTable(promotions=())

    assert ctl("promotion", "list").out == (
        "no release was moved yet\nnext: pmrunnerctl promote --dry-run\n"
    )


def test_one_is_shown_with_its_story_in_the_log(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionShow] = row()

    said = ctl("promotion", "show", "x1").out

    assert "promotion    promote x1-4f2a of runner, asked for by anna\n" in said
    assert "last step    confirmed, line 8 of root's record\n" in said
    assert "journalctl PMRUNNER_PROMOTION=x1-4f2a\n" in said
    assert said.endswith("next: pmrunnerctl promotion list\n")


def test_what_can_be_typed_next_follows_from_where_it_stands(paper: Paper) -> None:
    draw(paper, replace(row(state=PromotionState.ON_TRIAL), stuck="root fell silent"))
    assert paper.text.endswith("next: pmrunnerctl promote --resume --wait\n")

    draw(paper, row(state=PromotionState.ON_TRIAL))
    assert paper.text.endswith("next: pmrunnerctl events -f\n")

    draw(paper, row(state=PromotionState.FAILED, why="x"))
    assert paper.text.endswith("next: pmrunnerctl promotion seen x1-4f2a\n")


def test_who_has_seen_it_takes_it_out_of_the_inbox(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.PromotionSeen] = p.Done(id="x1-4f2a")

    said = ctl("promotion", "seen", "x1-4f2a").out

    assert said == "promotion x1-4f2a waits in the inbox no longer\nnext: pmrunnerctl inbox\n"

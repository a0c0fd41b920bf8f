from pmrunnerd.model import protocol as p
from pmrunnerd.model.gates import Difference, Differences
from pmrunnerd.model.views import WeakerView
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl

LESS = Differences(
    digest="4f2a",
    found=(Difference(gate="unit", words="gate unit is gone", before="pytest"),),
)
NOTHING = Differences(digest="0000")


def answer(daemon: FakeDaemon, differences: Differences, before: str, accepted: str = "") -> None:
    daemon.answers[p.GateWeaker] = WeakerView(
        run="g3", alias="demo", before=before, differences=differences, accepted=accepted
    )


def test_what_is_weaker_is_shown_with_the_command_that_accepts_all_of_it(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    answer(daemon, LESS, "release 0.1.0-abc")

    assert ctl("gate", "weaker", "g3").out == (
        "gate run g3 asks less than release 0.1.0-abc:\n"
        "GATE  WHAT               BEFORE  NOW\n"
        "unit  gate unit is gone  pytest\n"
        "next: pmrunnerctl gate accept g3 4f2a\n"
    )
    answer(daemon, LESS, "release 0.1.0-abc", "anna")
    assert ctl("gate", "weaker", "g3").out.endswith("\naccepted by anna\n")


def test_where_nothing_is_weaker_or_nothing_was_before_that_is_said(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    answer(daemon, NOTHING, "gate run g1")
    assert ctl("gate", "weaker", "g3").out == "gate run g3 asks nothing less than gate run g1\n"
    answer(daemon, NOTHING, "")
    assert ctl("gate", "weaker", "g3").out == (
        "nothing was gated before g3: there is nothing to compare it with\n"
    )


def test_what_is_accepted_is_named_by_its_digest(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.GateAccept] = p.Done(id="g3")

    assert ctl("gate", "accept", "g3", "4f2a").out == (
        "what gate run g3 asks less is accepted, by your word\nnext: pmrunnerctl gate weaker g3\n"
    )
    assert daemon.requests() == [p.GateAccept(run="g3", digest="4f2a")]

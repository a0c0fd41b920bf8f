from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl


def test_one_goes_back_to_what_ran_before_or_to_what_is_named(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Rollback] = p.Done(id="x1-4f2a")

    assert ctl("rollback").out == (
        "rollback has begun: x1-4f2a\nnext: pmrunnerctl promotion show x1-4f2a\n"
    )
    ctl("rollback", "1.0-a", "--probation", "5")
    assert daemon.requests() == [p.Rollback(), p.Rollback(release="1.0-a", probation=5)]


def test_what_is_refused_before_anything_stops_says_what_could_be(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    failed = frames.Failed(
        call=1, code=Code.REFUSED, message="cannot: x", hint="pmrunnerctl rollback 1.2-c"
    )
    daemon.answers[p.Rollback] = failed

    found = ctl("rollback")

    assert found.status == 10
    assert "hint: pmrunnerctl rollback 1.2-c\n" in found.err

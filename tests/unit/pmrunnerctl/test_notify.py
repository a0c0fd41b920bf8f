import json

from pmrunnerctl.exits import Exit
from pmrunnerd.model import protocol as p
from pmrunnerd.model.views import NotifyTested
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl


def test_what_nobody_took_is_told_with_what_to_do(ctl: Ctl, daemon: FakeDaemon) -> None:
    said = "cannot send to 10.0.0.1: that is no public address, and not listed in notify.private"
    daemon.answers[p.NotifyTest] = NotifyTested(
        target="https://h/…", delivered=False, said=said, hint='private = "10.0.0.1"'
    )
    done = ctl("notify", "test")
    assert done.status == Exit.ENDED_BADLY
    assert done.out == f'{said}\nnext: private = "10.0.0.1"\n'
    assert json.loads(ctl("--json", "notify", "test").out)["delivered"] is False


def test_what_was_taken_is_told_and_how_often_it_was_tried(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.NotifyTest] = NotifyTested(
        target="https://h/…", delivered=True, said="https://h/… took it (204)", tries=2
    )
    done = ctl("notify", "test")
    assert (done.status, done.out) == (Exit.OK, "https://h/… took it (204), at try 2\n")

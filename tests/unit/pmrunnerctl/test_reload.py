from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.frames import Failed
from pmrunnerd.model.upkeep import Reloaded
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl


def test_a_wrong_key_is_named(ctl: Ctl, daemon: FakeDaemon) -> None:
    wrong = "cannot use setting runs.slots = 0: it is a whole number from 1 to 64"
    daemon.answers[p.Reload] = Failed(call=0, code=Code.BAD_REQUEST, message=wrong)
    done = ctl("reload")
    assert done.status != 0
    assert wrong in done.err


def test_it_says_what_is_used_and_what_needs_a_restart(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Reload] = Reloaded(used=("runs.slots",), restart=("web.port",))
    assert ctl("reload").out == (
        "used from now on: runs.slots\nrestart needed for web.port\nnext: pmrunnerctl restart\n"
    )


def test_where_nothing_was_changed_it_says_so(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Reload] = Reloaded(used=())
    assert ctl("reload").out == "nothing to change\n"

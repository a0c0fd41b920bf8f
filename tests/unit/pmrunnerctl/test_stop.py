import pytest

from pmrunnerctl.stop import of_runs
from pmrunnerd.model import invocation
from tests.unit.pmrunnerctl.conftest import Installed
from tests.unit.pmrunnerctl.test_start import is_alive


@pytest.mark.parametrize(
    ("count", "kept", "said"),
    [
        (0, False, "no run was under way"),
        (0, True, "no run was under way"),
        (1, True, "one run goes on without it"),
        (3, True, "3 runs go on without it"),
        (1, False, "one run was interrupted"),
        (2, False, "2 runs were interrupted; what was changed is kept"),
    ],
)
def test_it_says_what_became_of_the_runs(count: int, said: str, *, kept: bool) -> None:
    assert of_runs(count, kept=kept).startswith(said)


def test_stop_returns_once_the_process_is_gone(installed: Installed) -> None:
    installed.ctl("start", "--state-dir", "state")
    pid = installed.pid()

    stopped = installed.ctl("stop")

    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert not is_alive(pid)
    assert stopped.stdout == (
        f"stopped pmrunnerd (dev, pid {pid})\nno run was under way\nnext: pmrunnerctl start\n"
    )
    assert (installed.state / "stopped").read_text() == "false"


def test_where_none_runs_stop_is_content_at_once(installed: Installed) -> None:
    installed.ctl("start", "--state-dir", "state", "--port", "3611")
    installed.ctl("stop")
    (installed.state / invocation.FILE).write_bytes(invocation.encode(["--port", "3611"]))

    again = installed.ctl("--wait", "50", "stop")

    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == (
        f"no pmrunnerd runs at {installed.state}/control.sock\nnext: pmrunnerctl start --port 3611\n"
    )
    mistyped = installed.ctl("--socket", "none/control.sock", "stop")
    assert (mistyped.returncode, mistyped.stdout) == (5, "")

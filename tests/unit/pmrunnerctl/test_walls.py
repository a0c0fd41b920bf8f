import pytest

from pmrunnerctl import walls
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Installed


@pytest.mark.parametrize(
    ("how", "style"),
    [
        ("bubblewrap", ""),
        ("UNCONFINED", "red"),
        ("bubblewrap, but they can come to the web door at 127.0.0.1:3502", "red"),
        ("none: bubblewrap is not installed; runs are refused", "red"),
    ],
)
def test_what_does_not_confine_stands_out(how: str, style: str) -> None:
    assert walls.shown(samples.overview(confinement=how)) == (how, style)


def test_that_every_run_is_refused_stands_out_with_what_helps(installed: Installed) -> None:
    why = "none: bwrap: no; runs are refused"
    started = installed.ctl("start", "--state-dir", "state", "--", f"--confinement={why}")

    assert started.returncode == 0
    assert f"agents  {why}" in started.stdout
    again = f"pmrunnerctl start -- '--confinement={why}' --unconfined"
    assert started.stderr.splitlines() == [
        "no run can begin: bwrap: no; runs are refused",
        "  hint: pmrunnerctl doctor   # says what helps",
        f"  hint: pmrunnerctl stop --keep-runs; {again}   # accepts the risk",
    ]


def test_a_start_without_walls_says_so(installed: Installed) -> None:
    options = ("--unconfined", "--confinement=UNCONFINED")
    started = installed.ctl("start", "--state-dir", "state", "--", *options)

    assert "agents  UNCONFINED\n" in started.stdout
    assert started.stderr == ""


def test_that_walls_cannot_be_taken_away_where_there_are_some_is_said(installed: Installed) -> None:
    started = installed.ctl("start", "--state-dir", "state", "--", "--unconfined")

    assert "agents" not in started.stdout
    assert started.stderr == (
        "--unconfined makes no difference: a sandbox starts here, and each run has one\n"
    )

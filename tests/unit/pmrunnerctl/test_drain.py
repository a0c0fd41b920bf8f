import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import Outcome
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl

OVER = ev.RunEnded(run="r1", project="j1", outcome=Outcome.SUCCEEDED, cursor=1)
POSTED = ev.MessagePosted(message="m1", project="j1", text="make", by="anna")


def drained(daemon: FakeDaemon, *runs: int, facts: tuple[ev.AnyEvent, ...] = ()) -> None:
    """Have a daemon with so many runs under way, one look after the other, and let things happen."""
    daemon.answers |= {
        p.Drain: p.Done(id="dev"),
        p.Status: [samples.overview(durable=120, runs=count) for count in runs],
        p.Events: Stream(
            [
                v.Happening(cursor=121 + n, at=samples.AT, facts=(fact,))
                for n, fact in enumerate(facts)
            ],
            None,
        ),
    }


def test_with_nothing_under_way_it_is_drained_at_once(ctl: Ctl, daemon: FakeDaemon) -> None:
    drained(daemon, 0)
    done = ctl("drain")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "drained: no run is under way, and none begins\nnext: pmrunnerctl drain --end\n"
    )


def test_it_waits_until_the_last_run_is_over_and_tells_of_each(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    drained(daemon, 2, 1, 0, facts=(POSTED, OVER, OVER))
    done = ctl("drain")
    assert done.status == 0
    assert done.err.splitlines() == [
        "no more runs begin; 2 runs are under way",
        "one run is under way",
    ]
    assert done.out.startswith("drained:")
    assert [r.since for r in daemon.requests() if isinstance(r, p.Events)] == [120]


def test_who_does_not_wait_is_told_what_goes_on(ctl: Ctl, daemon: FakeDaemon) -> None:
    drained(daemon, 1)
    done = ctl("drain", "--no-wait")
    assert (done.status, done.err) == (0, "")
    assert done.out == ("no more runs begin; one run is under way\nnext: pmrunnerctl run list\n")


@pytest.mark.parametrize(
    "fact", [ev.DrainEnded(by="ben"), ev.DaemonStopped(release="1", reason="stop")]
)
def test_a_drain_that_somebody_ended_is_no_success(
    ctl: Ctl, daemon: FakeDaemon, fact: ev.AnyEvent
) -> None:
    drained(daemon, 1, facts=(fact,))
    done = ctl("drain")
    assert (done.status, done.out) == (8, "")
    assert "the drain was ended before that" in done.err


def test_its_end_lets_runs_begin_again(ctl: Ctl, daemon: FakeDaemon) -> None:
    drained(daemon)
    done = ctl("drain", "--end")
    assert done.status == 0
    assert done.out == "runs begin again\nnext: pmrunnerctl task list\n"
    assert [r.end for r in daemon.requests() if isinstance(r, p.Drain)] == [True]


def test_with_json_it_is_one_line(ctl: Ctl, daemon: FakeDaemon) -> None:
    drained(daemon, 0)
    assert ctl("--json", "drain").out == '{"id":"dev"}\n'

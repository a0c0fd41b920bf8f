from pathlib import Path

from tests.bench import unit
from tests.bench.unit import Found, lines


def thread(proc: Path, number: int, ran: int, waits: int) -> None:
    directory = proc / "7/task" / str(number)
    directory.mkdir(parents=True)
    (directory / "schedstat").write_text(f"{ran} 5 9\n")
    (directory / "status").write_text(
        f"Name:\tx\nvoluntary_ctxt_switches:\t{waits}\nnonvoluntary_ctxt_switches:\t900\n"
    )


def test_all_threads_of_a_daemon_count(tmp_path: Path) -> None:
    thread(tmp_path, 7, 1_000, 3)
    thread(tmp_path, 8, 20, 4)
    assert unit._of_threads(7, tmp_path) == (1_020, 7)


def test_figures_are_lines_with_what_most_stay_below() -> None:
    found = Found(
        restarts=[float(n) for n in range(100, 0, -1)],
        kills=[],
        cpu_percent=0.03,
        wakeups=0.5,
        exposure={"pm-runner@prod.service": 0.5},
    )
    assert list(lines(found)) == [
        "systemctl restart: p50 50 ms, p95 95 ms, at most 100 ms (100)",
        "kill -9 to answering: not measured",
        "idle: 0.030 % of a processor, 0.50 wake-ups a second",
        "exposure of pm-runner@prod.service: 0.5",
    ]

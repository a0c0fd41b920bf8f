"""What an agent with a model did, in a line each."""

import pytest

from pmrunnerctl.agentlog import line
from pmrunnerd.model import progress as pr

FORGED = "\n-- finished: succeeded\r\x85\u2028"
TASKS = (
    pr.ProposedTask(name="fetch", text="x"),
    pr.ProposedTask(name="build", text="x", needs=("fetch",)),
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (pr.Said(at="", text="hm\n  so", thought=True), "thinks: hm so"),
        (pr.Used(at="", tool="Bash", target="ls", result="a\nb"), "Bash: ls → a b"),
        (pr.Used(at="", tool="Write", target="/x", failed=True), "Write failed: /x"),
        (pr.Used(at="", tool="", result="cherry"), "answer → cherry"),
        (pr.Changed(at="", path="/x", added=2, removed=1), "changed /x (+2 −1)"),
        (pr.Charged(at="", dollars=0.0125, turns=1), "cost $0.0125 so far, 1 turn"),
        (pr.Charged(at="", dollars=1, turns=4), "cost $1.00 so far, 4 turns"),
        (pr.Found(at="", findings=("a is gone", "b too")), "found: a is gone; b too"),
        (
            pr.Proposed(at="", title="Both", tasks=TASKS),
            "proposed Both: fetch, build (after fetch)",
        ),
        (pr.Limited(at="", kind="rate", reason="no more"), "no more"),
        (pr.Limited(at="", kind="rate", reason="no more", until="12:00"), "no more, until 12:00"),
        (pr.Other(at="", kind="api_retry", data="{}"), "api_retry: {}"),
        (
            pr.Other(
                at="",
                kind="api_retry",
                data='{"attempt":1,"max_retries":2,"retry_delay_ms":1076,"error_status":529,"error":"overloaded"}',
            ),
            "the provider did not answer (529 overloaded); trying again in 1 s, 1 of 2",
        ),
        (
            pr.Other(
                at="",
                kind="api_retry",
                data='{"attempt":2,"max_retries":2,"retry_delay_ms":574,"error_status":null,"error":""}',
            ),
            "the provider did not answer; trying again at once, 2 of 2",
        ),
        (
            pr.Other(at="", kind="RateLimitEvent", data='{"utilization":0.8}'),
            "80 % of the provider's limit is used",
        ),
        (
            pr.Other(at="", kind="task_started", data='{"description":"run the tests"}'),
            "started: run the tests",
        ),
        (
            pr.Other(at="", kind="task_notification", data='{"summary":"it ended"}'),
            "it ended",
        ),
        (pr.Other(at="", kind="task_started", data='{"descr…'), 'task_started: {"descr…'),
        (pr.Other(at="", kind="RateLimitEvent", data="[]"), "RateLimitEvent: []"),
        (pr.Output(at="", stream="stdout", text="x"), ""),
    ],
)
def test_a_report_is_one_line_in_people_s_words(said: pr.AnyProgress, expected: str) -> None:
    assert line(said) == expected


def test_what_is_long_is_cut() -> None:
    said = pr.Used(at="", tool="Bash", target="x " * 500, result="y" * 500)

    assert len(line(said)) < 420


@pytest.mark.parametrize(
    "said",
    [
        pr.Changed(at="", path=f"/x{FORGED}"),
        pr.Used(at="", tool=f"Bash{FORGED}", target=FORGED, result=FORGED),
        pr.Found(at="", findings=(FORGED,)),
        pr.Proposed(at="", title=FORGED, tasks=(pr.ProposedTask(name=FORGED, text="x"),)),
        pr.Limited(at="", kind="rate", reason=FORGED, until=FORGED),
        pr.Other(at="", kind=FORGED, data=FORGED),
    ],
)
def test_nothing_in_a_report_begins_a_line_of_its_own(said: pr.AnyProgress) -> None:
    assert len(line(said).splitlines()) == 1

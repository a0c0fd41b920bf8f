import json

from pmrunnerctl.events import spell
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.fakes.daemon import FakeDaemon, Stream
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper

TASK = ev.PlannedTask(task="t3", name="build", title="Build", text="make", needs=("t1",))
DRAFTED = ev.PlanDrafted(plan="p3", project="j1", message="m1", title="Build it", tasks=(TASK,))
REMOVED = ev.ProjectRemoved(project="j1")
BOTH = v.Happening(cursor=12, at=samples.AT, facts=(DRAFTED, REMOVED))


def test_a_fact_is_a_line_with_its_commit_and_time(paper: Paper) -> None:
    assert spell(paper, BOTH, DRAFTED) == (
        '    12  11:30:05 UTC  plan-drafted  plan=p3 project=j1 message=m1 title="Build it" tasks=1'
    )
    assert spell(paper, BOTH, REMOVED) == "    12  11:30:05 UTC  project-removed  project=j1"


def test_a_fact_within_a_fact_is_told_by_its_fields_in_brackets(paper: Paper) -> None:
    planner = ev.PlannedTask(task="t3", name="plan", title="Plan it", text="")
    fact = ev.PlanBegun(
        plan="p3", project="j1", message="m1", title="Do it", agent="claude", planner=planner
    )

    line = spell(paper, BOTH, fact)

    assert '(task=t3 name=plan title="Plan it")' in line
    assert "{" not in line


def test_a_run_that_nothing_confines_says_so_in_the_word_of_all_pages(paper: Paper) -> None:
    def line(*, confined: bool) -> str:
        fact = ev.RunBegan(run="r1", project="j1", head="abc", confined=confined, cursor=1)
        return spell(paper, BOTH, fact)

    assert line(confined=False).endswith(" confined=false UNCONFINED")
    assert line(confined=True).endswith(" confined=true")


def test_a_long_text_is_cut_and_cannot_add_lines(paper: Paper) -> None:
    fact = ev.MessagePosted(message="m1", project="j1", text="one\ntwo " + "x" * 99, by="anna")

    line = spell(paper, BOTH, fact)

    assert 'text="one two xxx' in line
    assert line.endswith('…" by=anna')


def test_without_a_beginning_the_last_fifty_commits_are_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = [samples.overview(durable=120), samples.overview(durable=7)]
    daemon.answers[p.Events] = Stream([BOTH])

    assert len(ctl("events").out.splitlines()) == 2
    ctl("events", "-f", "--project", "demo")

    assert daemon.requests()[1::2] == [
        p.Events(since=70),
        p.Events(since=0, project="demo", follow=True),
    ]


def test_events_are_lines_of_json_one_for_each_commit(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Events] = Stream([BOTH])

    (line,) = ctl("events", "--since", "3", "--json").out.splitlines()

    assert [fact["fact"] for fact in json.loads(line)["facts"]] == [
        "plan-drafted",
        "project-removed",
    ]


def test_where_nothing_happened_it_says_so(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Events] = Stream([])

    assert ctl("events", "--since", "3").out.startswith("nothing happened since commit 3\n")
    assert not ctl("events", "--since", "3", "--json").out

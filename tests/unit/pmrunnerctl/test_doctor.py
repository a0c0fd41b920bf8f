import json
from pathlib import Path

from pmrunnerctl import doctor
from pmrunnerd.model import frames, invocation
from pmrunnerd.model import protocol as p
from pmrunnerd.model.checkup import Check, Checkup
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper


def test_checks_stand_one_a_line_and_hints_below_them(paper: Paper) -> None:
    checks = (
        Check(name="git", state="ok", found="2.39.5"),
        Check(name="claude login", state="ok", found="good until 2026-11-24T13:32:10.000Z"),
        Check(name="disk", state="problem", found="0 MiB free", hint="df -h /s"),
    )
    doctor.draw(paper, "state /s", Checkup(state_directory="/s", checks=checks))

    assert paper.text == (
        "state /s\n"
        "CHECK         STATE    FOUND\n"
        "git           ok       2.39.5\n"
        "claude login  ok       good until 13:32:10 UTC, in 1 h\n"
        "disk          problem  0 MiB free\n"
        "disk: df -h /s\n"
    )


def test_what_the_daemon_finds_of_itself_stands_below_and_counts(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.Status] = samples.overview(state_directory=str(tmp_path))
    full = Check(name="disk", state="problem", found="0 MiB free", hint="df -h /s")
    daemon.answers[p.Doctor] = Checkup(state_directory="/s", checks=(full,))
    shown = ctl("doctor")

    _, theirs = shown.out.split("\n\n")
    assert theirs == (
        "pmrunnerd dev, pid 4242, of itself\n"
        "CHECK  STATE    FOUND\n"
        "disk   problem  0 MiB free\n"
        "disk: df -h /s\n"
    )
    assert (shown.status, shown.err) == (8, "")


def test_where_none_runs_the_port_of_the_last_one_is_looked_at(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.close()
    words = invocation.encode(["--port", "0"])
    (tmp_path / invocation.FILE).write_bytes(words)
    shown = ctl("--json", "doctor", "--state-dir", str(tmp_path)).out
    (port,) = [check for check in json.loads(shown)["checks"] if check["name"] == "web port"]
    assert (port["state"], port["found"]) == ("ok", "the web door is closed")


def test_an_agent_is_tried_by_the_daemon_that_runs_and_only_where_it_is_asked_for(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.Status] = samples.overview(state_directory=str(tmp_path))
    daemon.answers[p.Doctor] = Checkup(state_directory="/s", checks=())
    bad = Check(name="claude request", state="problem", found="it is not logged in", hint="x")
    daemon.answers[p.AgentTry] = Checkup(state_directory="/s", checks=(bad,))
    ctl("doctor")
    assert p.AgentTry() not in daemon.requests()
    shown = ctl("doctor", "--agent", "claude")
    assert p.AgentTry() in daemon.requests()
    assert "claude request  problem  it is not logged in" in shown.out
    assert shown.status == 8


def test_an_agent_that_is_asked_for_is_looked_at_once_and_no_other_one_counts(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.Status] = samples.overview(
        state_directory=str(tmp_path), projects=(samples.project_row(agent="claude"),)
    )
    other = Check(name="acp", state="problem", found="is not set", hint="x")
    daemon.answers[p.Doctor] = Checkup(state_directory="/s", checks=(other,))
    tried = tuple(
        Check(name=name, state="ok", found="fine")
        for name in ("claude", "claude sandbox", "claude login", "claude request")
    )
    daemon.answers[p.AgentTry] = Checkup(state_directory="/s", checks=tried)

    shown = ctl("doctor", "--agent", "claude").out
    assert "is not set" not in shown
    assert [shown.count(f"\n{check.name}  ") for check in tried] == [1, 1, 1, 1]
    daemon.answers[p.AgentTry] = Checkup(state_directory="/s", checks=(other,))
    theirs = ctl("doctor", "--agent", "acp").out.partition("\n\n")[2]
    assert p.AgentTry(agent="acp") in daemon.requests()
    assert theirs.count("is not set") == 1
    assert "claude" not in theirs


def test_an_older_daemon_that_does_not_know_the_question_is_a_warning(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.Status] = samples.overview(state_directory=str(tmp_path))
    daemon.answers[p.Doctor] = frames.Failed(
        call=0,
        code=Code.BAD_REQUEST,
        message="cannot do 'doctor': pmrunnerd 1.2.3 has no such command",
    )
    asked = ctl("doctor", "--json")

    found = json.loads(asked.out)
    assert found["checks"]
    assert found["daemon"]["checks"] == [
        {
            "name": "daemon",
            "state": "warning",
            "found": "release 1.2.3 is older than this question",
            "hint": "pmrunnerctl restart",
        }
    ]
    assert not asked.err


def test_where_no_daemon_answers_only_what_we_find_is_told(ctl: Ctl, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    assert json.loads(ctl("doctor", "--state-dir", elsewhere, "--json").out)["daemon"] is None

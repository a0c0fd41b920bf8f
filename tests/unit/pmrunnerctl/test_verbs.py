import json
import re
from pathlib import Path

import pytest

from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl


@pytest.fixture(autouse=True)
def _answers(daemon: FakeDaemon) -> None:
    daemon.answers[p.PlanList] = v.PlanTable(plans=())


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "plan", "list"),
        ("plan", "--json", "list"),
        ("plan", "list", "--json"),
    ],
)
def test_what_is_taken_everywhere_is_taken_before_and_after_the_verb(
    ctl: Ctl, words: tuple[str, ...]
) -> None:
    assert json.loads(ctl(*words).out) == {"plans": [], "before": None}


def test_a_socket_may_be_named_after_the_verb_and_the_last_one_counts(
    ctl: Ctl, tmp_path: Path
) -> None:
    other = v.PlanTable(plans=(v.PlanRow(plan=samples.plan(), alias="demo", tasks={}),))
    with FakeDaemon(tmp_path / "other", {p.PlanList: other}) as daemon:
        assert "p3" in ctl("plan", "list", "--socket", str(daemon.path)).out


def test_an_environment_that_does_not_answer_there_is_not_asked(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    refused = ctl("plan", "list", "--env", "prod", "--socket", str(daemon.path))

    assert refused.status == 5
    assert "cannot reach environment prod" in refused.err
    assert not daemon.heard


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nonsense",), "no such command 'nonsense'"),
        (("plan", "p3"), "no such command 'p3': plan has list, show, approve, reject"),
        (("plan", "list", "--nonsense"), "no such option"),
        (("plan", "list", "--env", ""), "invalid value for '--env': it is empty"),
        (("plan", "list", "--socket", ""), "invalid value for '--socket': it is empty"),
        (("state", "verify", "--state-dir", ""), "invalid value for '--state-dir': it is empty"),
        (("plan", "list", "--wait", "-1"), "invalid value for '--wait'"),
        (("plan", "list", "--limit", "1001"), "invalid value for '--limit'"),
        (("plan", "list", "--limit", "many"), "for '--limit': 'many' is no whole number"),
        (("plan", "list", "--wait", "long"), "'long' is no number"),
        (("completion",), "'{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
        (("plan", "show"), "missing argument 'PLAN'"),
        (("task", "show", "t1", "t2"), "got unexpected extra argument (t2)"),
    ],
)
def test_a_command_line_that_makes_no_sense_says_why_and_where_help_is(
    ctl: Ctl, words: tuple[str, ...], why: str
) -> None:
    refused = ctl(*words)

    assert (refused.status, refused.out) == (2, "")
    first, hint = refused.err.splitlines()
    assert first.startswith("pmrunnerctl: cannot understand this command: ")
    assert why in first
    assert hint.startswith("  hint: pmrunnerctl ")
    assert hint.endswith(" -h")


def test_wait_is_seconds_everywhere_but_where_a_verb_has_a_wait_of_its_own(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    daemon.answers[p.ChatSend] = p.Done(id="m1")
    daemon.answers[p.PlanList] = v.PlanTable(plans=())

    assert ctl("plan", "list", "--wait", "3").status == 0
    assert ctl("plan", "list", "--patience", "3").status == 0
    assert ctl("chat", "send", "demo", "make", "--patience", "3").status == 0
    assert re.search(r"--wait +Show what happens", ctl("chat", "send", "-h").out)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("task", "list", "--limit", "0"), "for '--limit': 0 is not from 1 to 1000\n"),
        (("events", "--since", "-1"), "for '--since': -1 is not 0 or more\n"),
        (("stop", "--force"), "no such option '--force'\n"),
        (("stop", "--kep-runs"), "no such option '--kep-runs'. Did you mean '--keep-runs'?\n"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_in_words(
    ctl: Ctl, words: tuple[str, ...], why: str
) -> None:
    assert why in ctl(*words).err


def test_an_option_of_the_daemon_is_told_where_it_goes(ctl: Ctl) -> None:
    refused = ctl("start", "--state-dir", "a b", "--runs-silence=8", "--port", "5")

    assert refused.status == 2
    assert refused.err.endswith("start --state-dir 'a b' -- --runs-silence=8 --port 5\n")


@pytest.mark.parametrize("words", [("-h",), ("start", "-h"), ("task", "list", "-h")])
def test_help_tells_bounds_in_words(ctl: Ctl, words: tuple[str, ...]) -> None:
    said = ctl(*words).out
    assert "from " in said
    assert "<=" not in said
    assert "RANGE" not in said

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pmrunnerctl.agent import draw
from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from pmrunnerd.model.logins import Login
from pmrunnerd.model.views import AgentView
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl.conftest import Ctl, Paper, environment

TOKEN = "sk-ant-oat01-hush"
KNOWN = AgentView(agent="claude", login="token")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> "Typed":
    return Typed(monkeypatch)


class Typed:
    """Standard input, with what is piped into it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, text: str) -> None:
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        self._monkeypatch.setattr(sys, "stdin", stdin)


@pytest.mark.parametrize(
    "words",
    [(TOKEN,), ("claude", TOKEN), ("--json", TOKEN), ("sk-ant-api03-hush",)],
)
def test_a_secret_as_an_argument_is_refused_and_not_repeated(
    ctl: Ctl, daemon: FakeDaemon, words: tuple[str, ...]
) -> None:
    done = ctl("agent", "login", *words)
    assert done.status == 2
    assert "cannot take a login as an argument" in done.err
    assert "hush" not in done.out + done.err
    assert daemon.requests() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing was given"),
        (" \n", "nothing was given"),
        ("hush\nhush", "not one key or token in one line"),
        ("hush", "begins neither as an API key"),
    ],
)
def test_what_is_no_secret_is_not_sent_and_not_repeated(
    ctl: Ctl, daemon: FakeDaemon, typed: Typed, text: str, why: str
) -> None:
    typed(text)
    done = ctl("agent", "login")
    assert done.status == 2
    assert why in done.err
    assert "hush" not in done.out + done.err
    assert daemon.requests() == []


def test_a_token_that_is_piped_is_sent_and_not_shown(
    ctl: Ctl, daemon: FakeDaemon, typed: Typed
) -> None:
    daemon.answers[p.AgentLogin] = KNOWN
    typed(f"{TOKEN}\n")
    done = ctl("agent", "login")
    assert done.out.splitlines()[0] == (
        "claude is logged in with a token of `claude setup-token`, which nobody has tried yet"
    )
    assert daemon.requests() == [p.AgentLogin(secret=TOKEN)]
    typed(TOKEN)
    told = ctl("agent", "login", "--json").out
    assert json.loads(told)["login"] == "token"
    assert "hush" not in done.out + done.err + told


def test_what_does_not_tell_its_kind_is_told_it(ctl: Ctl, daemon: FakeDaemon, typed: Typed) -> None:
    daemon.answers[p.AgentLogin] = KNOWN
    typed("odd")
    assert ctl("agent", "login", "--kind", "api-key", "--expires", "2027-01-01").status == 0
    (sent,) = daemon.requests()
    assert sent == p.AgentLogin(secret="odd", kind=Login.API_KEY, expires="2027-01-01")


def test_on_a_terminal_it_is_asked_for_and_not_echoed(daemon: FakeDaemon) -> None:
    daemon.answers[p.AgentLogin] = KNOWN
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "pmrunnerctl", "--socket", str(daemon.path), "agent", "login"]
    with subprocess.Popen(
        ["setsid", "--ctty", *argv], stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
    ) as client:
        os.close(theirs)
        shown = b""
        while b"not shown" not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, f"{TOKEN}\n".encode())
        assert client.wait(30) == 0
    shown += os.read(ours, 4096)
    os.close(ours)
    assert b"is logged in" in shown
    assert b"hush" not in shown
    assert daemon.requests() == [p.AgentLogin(secret=TOKEN)]


def test_of_ones_own_login_only_the_place_is_sent_and_one_is_told_what_that_means(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers[p.AgentLogin] = AgentView(agent="claude", login="own")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    assert "there is none in" in ctl("agent", "login", "--own").err
    path = tmp_path / ".credentials.json"
    path.write_text(json.dumps({"claudeAiOauth": {"accessToken": TOKEN, "refreshToken": "hush"}}))
    done = ctl("agent", "login", "--own")
    assert daemon.requests() == [p.AgentLogin(kind=Login.OWN, path=str(path))]
    assert "nothing renews it but your own `claude`" in done.err
    assert "hush" not in done.out + done.err
    assert ctl("agent", "login", "--own", "--kind", "token").status == 2


def test_a_logout_and_what_there_is_are_shown(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers |= {p.AgentLogout: AgentView(agent="claude"), p.AgentShow: KNOWN}
    assert ctl("agent", "logout").out == "claude is logged out\n"
    assert "a token of `claude setup-token`" in ctl("agent", "show", "claude").out
    assert ctl("agent", "show", "a", "b").status == 2


def test_everything_that_is_known_is_drawn(paper: Paper) -> None:
    draw(
        paper,
        AgentView(
            agent="claude",
            login="own",
            since="2026-11-24T11:30:05.123Z",
            by="anna",
            path="/home/anna/.claude/.credentials.json",
            problem="it expired",
            limit="nobody is logged in",
            program="/opt/claude",
            version="2.2.0",
            tested="2.1.332",
            hint="claude",
        ),
    )
    assert paper.text.splitlines() == [
        "agent    claude",
        "login    a person's own login of Claude Code, /home/anna/.claude/.credentials.json",
        "since    11:30:05 UTC, 2 min ago, by anna",
        "program  /opt/claude",
        "version  2.2.0, tested with 2.1.332",
        "waits    nobody is logged in",
        "problem  it expired",
        "next: claude",
    ]


def test_an_agent_that_there_is_not_is_told_before_its_login_is_asked_for(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    none = "cannot find agent 'x': those that have a login are claude"
    daemon.answers[p.AgentShow] = frames.Failed(call=0, code=Code.NOT_FOUND, message=none)

    refused = ctl("agent", "login", "x")
    assert refused.status == 3
    assert none in refused.err
    assert daemon.requests() == [p.AgentShow(agent="x")]


def test_what_an_own_login_means_is_said_only_where_it_is_taken(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"claudeAiOauth": {"accessToken": TOKEN}}
    (tmp_path / ".credentials.json").write_text(json.dumps(login))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    over = "cannot use the login of Claude Code in /x: it expired at 2026-11-24"
    daemon.answers[p.AgentLogin] = frames.Failed(call=0, code=Code.REFUSED, message=over)

    assert ctl("agent", "login", "--own").err == f"pmrunnerctl: {over}\n"
    daemon.answers[p.AgentLogin] = AgentView(agent="claude", login="own")
    assert "the login stays yours" in ctl("agent", "login", "--own").err

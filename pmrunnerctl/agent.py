"""`agent`: the login by which an agent is known to its model's provider, and which program it is."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Final

import click

from pmrunnerctl.exits import misused
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.logins import Login, is_whole, recognize
from pmrunnerd.model.views import AgentView

DEFAULT: Final = "claude"
ACP: Final = "acp"
AGENT: Final = click.argument("agent", nargs=-1)
_KINDS: Final = {
    Login.API_KEY: "an API key",
    Login.TOKEN: "a token of `claude setup-token`",
    Login.OWN: "a person's own login of Claude Code",
}
OWN: Final = (
    "Each run reads the access token that is good at its start, and no more than that: the login stays"
    " yours, and nothing renews it but your own `claude`. Where it has expired, runs wait for that."
    " What it costs is yours. `agent logout` ends it, and leaves your login alone."
)


@verb(
    "agent login",
    AGENT,
    click.option(
        "--kind",
        type=click.Choice([Login.API_KEY.value, Login.TOKEN.value]),
        help="Which it is, where its beginning does not tell.",
    ),
    click.option(
        "--expires", metavar="DATE", default="", help="When it ends (a token: in a year)."
    ),
    click.option("--own", is_flag=True, help="Use your own login of Claude Code, where it is."),
    what="Reads an API key (sk-ant-api…) or the token of `claude setup-token` (sk-ant-oat…) from"
    " standard input; a terminal is asked, and shows nothing of it. It is never an argument, which others could"
    " read. The daemon keeps it in its state directory, 0600, in no backup and no log, and hands it to"
    " the agent's program alone: what that runs does not see it. With --own only the place of your own login is"
    " kept. " + OWN,
    example="pmrunnerctl agent login < token.txt\npmrunnerctl agent login --own",
    then="pmrunnerctl doctor --agent claude",
)
def login(
    session: Session, agent: tuple[str, ...], kind: str | None, expires: str, *, own: bool
) -> None:
    name = named(agent)
    if name == ACP:
        raise misused(
            "cannot log in: agent acp logs in by itself", hint="pmrunnerctl agent show acp"
        )
    if own:
        if kind is not None or expires:
            raise misused("cannot log in with --own and --kind or --expires", hint=_HOW)
        request = p.AgentLogin(agent=name, kind=Login.OWN, path=str(own_login()))
    else:
        if agent:  # nobody is to look for a secret that nothing takes
            session.ask(p.AgentShow(agent=name))
        secret = read()
        if kind is None and recognize(secret) is None:
            raise misused(
                "cannot log in: it begins neither as an API key (sk-ant-api) nor as a token (sk-ant-oat)",
                hint="pmrunnerctl agent login --kind api-key   # or --kind token",
            )
        known = Login(kind) if kind else None
        request = p.AgentLogin(agent=name, kind=known, secret=secret, expires=expires)
    found = session.ask(request)
    if own:
        session.note(OWN)

    def say(view: AgentView) -> None:
        kind = _KINDS[Login(view.login)]
        session.out.line(f"{view.agent} is logged in with {kind}, which nobody has tried yet")
        session.out.next(f"pmrunnerctl doctor --agent {view.agent}", "try it")

    session.show(found, say)


@verb(
    "agent logout",
    AGENT,
    what="Runs that are under way go on with it. Those that begin later wait for another login.",
    example="pmrunnerctl agent logout",
    then="pmrunnerctl agent login",
)
def logout(session: Session, agent: tuple[str, ...]) -> None:
    found = session.ask(p.AgentLogout(agent=named(agent)))
    session.show(found, lambda view: session.out.line(f"{view.agent} is logged out"))


@verb(
    "agent show",
    AGENT,
    what="Nothing of the login itself is shown. Nothing is changed.",
    example="pmrunnerctl agent show",
    then="pmrunnerctl doctor --agent claude",
)
def show(session: Session, agent: tuple[str, ...]) -> None:
    found = session.ask(p.AgentShow(agent=named(agent)))
    session.show(found, lambda view: draw(session.out, view))


agent = Noun("agent", login, logout, show, about="The logins of agents, and their programs.")

_HOW: Final = "pmrunnerctl agent login -h"


def named(words: tuple[str, ...]) -> str:
    """Return the agent that is meant. What may be a secret is refused and not repeated."""
    if any(recognize(word) is not None for word in words):
        raise misused(
            "cannot take a login as an argument: others could read it there; and your shell keeps it",
            hint="pmrunnerctl agent login   # asks for it",
        )
    if len(words) > 1:
        raise misused("cannot understand this command: it takes one agent", hint=_HOW)
    return words[0] if words else DEFAULT


def read() -> str:
    """Return the secret that somebody types or pipes, in one piece."""
    if sys.stdin.isatty():
        secret = getpass.getpass("API key or token (not shown): ", stream=sys.stderr)
    else:
        secret = sys.stdin.buffer.read(1 << 16).decode(errors="replace")
    secret = secret.strip()
    if not secret:
        raise misused(
            "cannot log in: nothing was given", hint="claude setup-token   # makes a token"
        )
    if not is_whole(secret):
        raise misused("cannot log in: that is not one key or token in one line", hint=_HOW)
    return secret


def own_login() -> Path:
    """Return where the person's own login of Claude Code is; refuse where there is none."""
    home = os.environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    path = Path(home).expanduser().absolute() / ".credentials.json"
    try:
        known = json.loads(path.read_bytes())["claudeAiOauth"]["accessToken"]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if not known:
        raise misused(
            f"cannot use your own login: there is none in {path}",
            hint="claude   # and /login there; then: pmrunnerctl agent login --own\nclaude setup-token && pmrunnerctl agent login   # or so",
        )
    return path


def draw(screen: Screen, view: AgentView) -> None:
    """Write how an agent is known, and what it is."""
    kind = _KINDS.get(Login(view.login), view.login) if view.login else "none"
    version = view.version or ("does not start" if view.program else "not installed")
    tested = f", tested with {view.tested}" if view.tested not in ("", view.version) else ""
    by_itself = view.agent == ACP
    screen.pairs(
        [
            ("agent", view.agent),
            ("login", "" if by_itself else f"{kind}, {view.path}" if view.path else kind),
            ("since", f"{screen.when(view.since)}, by {view.by}" if view.since else ""),
            ("expires", screen.when(view.expires) if view.expires else ""),
            ("program", view.program),
            ("version", "" if by_itself else version + tested),
            ("waits", Cell(screen.timed(view.limit), "yellow")),
            ("problem", Cell(screen.timed(view.problem), "red")),
        ]
    )
    if view.hint:
        screen.next(view.hint)

"""What one command has in hand: how it was asked, whom it asks, where it writes."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click
import msgspec

from pmrunnerctl import where
from pmrunnerctl.client import ANSWER_WITHIN, LEAST_GREETING, Client
from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.render import Aside, Screen
from pmrunnerd.model import protocol as p

R = TypeVar("R")

# Seconds that a daemon which restarts is waited for where nobody says how long.
PATIENCE: Final = 5.0
# What stands between a command and what is said of it.
_A_HINT: Final = "  hint: "
_SAID_OF_IT: Final = re.compile(r"(?<=\S) {3}(?=[^\s#])")


def pasteable(hint: str) -> str:
    """Return a hint of which each line is taken whole by a shell: what is said of a command is a comment."""
    return "\n".join(_SAID_OF_IT.sub("   # ", line, count=1) for line in hint.split("\n"))


class Session:
    """One command from its first word to its exit status.

    `socket`, `env`, `json` and `patience` are the options that every verb takes, `state_dir` one of
    those that can do without a daemon.
    """

    def __init__(self) -> None:
        self.socket: Path | None = None
        self.env = ""
        self.state_dir: Path | None = None
        self.json = False
        self.patience: float | None = None
        self._clients: list[Client] = []

    @cached_property
    def out(self) -> Screen:
        """Standard output: what was asked for."""
        return self._pointing(Screen.of(sys.stdout, os.environ))

    @cached_property
    def err(self) -> Screen:
        """Standard error: what is said about it. That nobody can hear it changes nothing."""
        return self._pointing(Aside.of(sys.stderr, os.environ))

    @cached_property
    def second(self) -> Screen:
        """Standard error as a second output, of an agent: whether it was written counts."""
        return self._pointing(Screen.of(sys.stderr, os.environ))

    @cached_property
    def place(self) -> where.Place:
        """Where the daemon is that is meant."""
        return where.find(
            socket=self.socket,
            environment=self.env,
            variables=os.environ,
            here=Path.cwd(),
        )

    @cached_property
    def client(self) -> Client:
        """The daemon that is meant."""
        return self.client_of(self.place)

    def client_of(
        self,
        place: where.Place,
        *,
        patience: float | None = None,
        answer_within: float | None = ANSWER_WITHIN,
    ) -> Client:
        """Return a client of the daemon at some place."""
        said = self.patience if patience is None else patience
        given = PATIENCE if said is None else said
        client = Client(
            place,
            patience=given,
            # Who said how long wants it, whatever there is to be known.
            waits_for_a_start=said is not None,
            tell=self.note,
            answer_within=answer_within,
            greeted_within=max(given, self.patience or 0, LEAST_GREETING),
        )
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Hang up wherever somebody was called."""
        for client in self._clients:
            client.close()

    def at(self, place: where.Place) -> None:
        """Mean the daemon at a place from now on."""
        self.place = place
        vars(self).pop("client", None)

    def ask(self, request: p.Request[R]) -> R:
        """Return the daemon's reply."""
        return self.client.call(request)

    def stream(self, request: p.Request[R], idle: Callable[[], None] = lambda: None) -> Iterator[R]:
        """Yield what the daemon has to say, one by one; `idle` is called while it says nothing."""
        return self.client.stream(request, idle)

    def show(self, reply: Any, draw: Callable[[Any], None]) -> None:
        """Print a reply: as a line of JSON where that was asked for, or else drawn for people."""
        if self.json:
            self.print_json(reply)
        else:
            draw(reply)

    def print_json(self, value: Any) -> None:
        """Print a line of JSON, at once: whoever reads it may be waiting."""
        self.out.raw(msgspec.json.encode(value).decode() + "\n")
        self.out.flush()

    def note(self, text: str) -> None:
        """Say something beside the matter, on standard error."""
        self.out.flush()
        if self.json:
            self.err.raw(msgspec.json.encode({"note": text}).decode() + "\n")
            self.err.flush()
            return
        self.err.line(pasteable(text) if text.startswith(_A_HINT) else text, "dim")
        self.err.flush()

    def complain(self, error: Cannot) -> None:
        """Say on standard error what cannot be done, why, and what to do."""
        if error.exits is Exit.UNREACHABLE and error.hint.startswith(where.START):
            from pmrunnerctl import lastly  # noqa: PLC0415 - only now

            error.hint = lastly.once_more(error.hint, vars(self).get("place"))
        error.hint = pasteable(self.addressed(error.hint))
        if self.json:
            self.err.raw(msgspec.json.encode(error.as_json()).decode() + "\n")
            return
        # What somebody typed is repeated as it was typed.
        said = str(error) if error.exits is Exit.USAGE else self.err.timed(str(error))
        self.err.line(f"pmrunnerctl: {said}")
        for line in error.hint.splitlines():
            self.err.line(f"  hint: {line}")

    def addressed(self, text: str) -> str:
        """Return a hint whose commands are found, and mean the daemon that this one means."""
        if "claude" in text:
            from pmrunnerctl import beside  # noqa: PLC0415 - as below

            text = beside.found(text)
        if self.socket is None and not self.env and self.state_dir is None:
            return text
        from pmrunnerctl import address  # noqa: PLC0415 - only now is there something to add

        both = self.socket is not None and self.state_dir is not None
        if not both and self.is_found_anyway(self._meant()):
            return text
        return address.addressed(text, socket=self.socket, env=self.env, state_dir=self.state_dir)

    def is_found_anyway(self, socket: Path) -> bool:
        """Tell whether without any option the same daemon would be asked."""
        try:
            found = where.find(socket=None, environment="", variables=os.environ, here=Path.cwd())
        except (Cannot, OSError):  # here, too, may be a directory that is gone, or not ours to see
            return False
        return found.socket == socket

    def _meant(self) -> Path:
        if self.state_dir is not None:
            return self.state_dir / where.SOCKET
        try:
            return self.place.socket
        except (Cannot, OSError):
            return Path()

    def _pointing(self, screen: Screen) -> Screen:
        screen.addressed = self.addressed
        return screen

    def end(self, status: Exit) -> NoReturn:
        """End the command with a status."""
        raise click.exceptions.Exit(int(status))

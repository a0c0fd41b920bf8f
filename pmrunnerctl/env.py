"""`env add` and `env list`: the environments of this machine, each with a user and a port of its own."""

import os
from typing import Any, Final, NoReturn

import click
import msgspec

from pmrunnerctl import environments as e
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.render import Cell
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, Whole, verb
from pmrunnerd.model.naming import ENVIRONMENT

# What would be its place for workspaces, or its daemon's group, is another one's.
_TAKEN: Final = {
    "projects": "/srv/pm-runner/projects is where prod's are",
    "read": "who is in group pm-runner-read may look into every environment",
    "admin": "who is in group pm-runner-admin administers every environment",
}


@verb(
    "env add",
    click.argument("name"),
    click.option(
        "--port",
        metavar="N",
        type=Whole(1, 65535),
        help="Of its web door; without it, one that is free is named.",
    ),
    click.option("--dry-run", is_flag=True, help="Only show what would be done."),
    summary="Make another environment: its user, its directories, its port.",
    what="Only root may. It runs the release that prod runs now. What is there already stays as it is, so the same"
    " command again finishes what was left half done. Nothing is started.",
    example="pmrunnerctl env add try --port 3510",
    then="pmrunnerctl env list",
)
def add(session: Session, name: str, port: int | None, *, dry_run: bool) -> None:
    if not ENVIRONMENT.fullmatch(name):
        raise misused(
            f"cannot add {name!r}: names are a letter and up to 15 letters or digits",
            hint="sudo pmrunnerctl env add try --port 3510",
        )
    if name in _TAKEN:
        raise misused(
            f"cannot add {name}: {_TAKEN[name]}",
            hint="sudo pmrunnerctl env add try --port 3510",
        )
    known = e.known()
    if port is None:
        taken = {one.name: one.port for one in known if one.port and one.name != name}
        port = e.port(name) or _refuse_without(name, taken)
    if not dry_run and os.geteuid() != 0:
        raise Cannot(
            f"cannot add {name}: only root makes users",
            exits=Exit.FORBIDDEN,
            code="forbidden",
            hint=f"sudo pmrunnerctl env add {name} --port {port}",
        )
    for other in known:
        if other.port == port and other.name != name:
            raise Cannot(
                f"cannot add {name}: {other.name} has port {port}",
                exits=Exit.REFUSED,
                code="refused",
                hint="pmrunnerctl env list",
            )
    moves = any(row.name == name and row.service == "active" and row.port != port for row in known)
    if dry_run:
        done = [step.text for step in e.steps(name, port) if not step.is_done()]
    else:
        done = e.make(name, port)

    def say(_: Any) -> None:
        for text in done or [f"{name} is there already"]:
            session.out.line(text)
        start = f"sudo systemctl start pm-runner@{name}"
        # Sockets are opened anew by a stop and a start; a restart leaves them as they are.
        session.out.next(f"sudo systemctl stop pm-runner@{name}; {start}" if moves else start)

    session.show(e.Made(name=name, port=port, done=tuple(done)), say)


def _refuse_without(name: str, taken: dict[str, int]) -> NoReturn:
    """Name a port that nobody has: which one it is to be is for a person to say."""
    others = ", ".join(f"{other} has {port}" for other, port in taken.items())
    raise misused(
        f"cannot add {name}: its web door needs a port" + (f", and {others}" if others else ""),
        hint=f"sudo pmrunnerctl env add {name} --port {e.free_port(taken.values())}",
    )


@verb(
    "env list",
    summary="List the environments of this machine.",
    what="Each with its port, the release that it runs, and whether its service is active. Nothing is changed.",
    example="pmrunnerctl env list",
    then="pmrunnerctl --env prod status",
)
def list_(session: Session) -> None:
    found = e.Environments(environments=tuple(e.known()))

    def draw(_: Any) -> None:
        session.out.table(
            ["name", "service", "port", "release"],
            [
                [
                    row.name,
                    Cell(row.service, "green" if row.service == "active" else ""),
                    str(row.port or ""),
                    row.release,
                ]
                for row in found.environments
            ],
        )
        if not found.environments:
            session.out.line("no environments are installed")

    if session.json:
        session.out.raw(msgspec.json.encode(found).decode() + "\n")
    else:
        draw(found)


env = Noun("env", add, list_, about="Environments of this machine.")

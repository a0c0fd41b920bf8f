"""`prove`: whether what runs is what was gated, evidenced, approved, signed and unaltered."""

import os
from pathlib import Path
from typing import Final

import click

from pmrunnerctl import offline
from pmrunnerctl.exits import Exit, misused
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import NamedPath, verb
from pmrunnerctl.where import checkout
from pmrunnerd.model.naming import ENVIRONMENT
from pmrunnerd.model.proof import Holding, Outcome, Proof

PROGRAM: Final = "pmrunnerd.proving"
INSTALLED: Final = Path("/opt/pm-runner")
_FILE: Final = NamedPath(dir_okay=False, readable=False, path_type=Path)
_STYLE: Final = {Holding.HOLDS: "green", Holding.FAILS: "red", Holding.ABSENT: "yellow"}
_ENDS: Final = {
    Outcome.PROVED: Exit.OK,
    Outcome.UNSIGNED: Exit.UNPROVED,
    Outcome.REFUTED: Exit.ENDED_BADLY,
}

rooted: Final = click.option(
    "--root",
    type=NamedPath(file_okay=False, readable=False, path_type=Path),
    help="Where opt/pm-runner is (/, or build/ of the checkout where nothing is installed).",
)


def root_of(given: Path | None) -> Path:
    """Return below what the releases are: what was given, the machine, `build` of the checkout."""
    if given is not None:
        return given.absolute()
    found = None if INSTALLED.is_dir() else checkout(Path.cwd())
    return found / "build" if found else Path("/")


def environment_of(session: Session, root: Path) -> str:
    """Return the environment that is meant: the one named, the only one that has releases below `root`, else the usual one.

    Releases are looked at without a daemon, so none is asked.
    """
    named = session.env or os.environ.get("PMRUNNER_ENV", "") or _usual(root)
    if not ENVIRONMENT.fullmatch(named):
        raise misused(f"cannot use environment {named!r}")
    return named


def _usual(root: Path) -> str:
    names = [path.parent.name for path in root.glob("opt/pm-runner/*/releases")]
    if len(names) == 1:
        return names[0]
    # A checkout's daemon is dev, unless somebody says otherwise.
    is_checkout_s = root != Path("/") and root == root_of(None)
    return "dev" if is_checkout_s and "prod" not in names else "prod"


@verb(
    "prove",
    click.argument("release", required=False, default="", metavar="[RELEASE]"),
    rooted,
    click.option("--bundle", type=_FILE, help="Look at this bundle, and at nothing here."),
    click.option("--write-bundle", type=_FILE, help="Write what another machine can prove it by."),
    click.option("--allowed-signers", type=_FILE, help="Public keys that are believed."),
    click.option("--revoked-keys", type=_FILE, help="Public keys that are not, any more."),
    summary="Prove that what runs is what was gated, approved and signed, byte for byte.",
    what="Needs no daemon, no network and no secret: only the public keys of"
    " /etc/pm-runner/allowed_signers. RELEASE is what dist points to, unless it is named. Each link of the"
    " chain is a line; a file that was changed is named. Exit status 0 where all of them hold, 8 where one"
    " does not, 41 where nothing speaks against it and nobody signed for it.",
    example="pmrunnerctl prove --write-bundle proof.json\n"
    "pmrunnerctl prove --bundle proof.json --allowed-signers keys",
)
def prove(  # noqa: PLR0913 - one for each option
    session: Session,
    release: str,
    root: Path | None,
    bundle: Path | None,
    write_bundle: Path | None,
    allowed_signers: Path | None,
    revoked_keys: Path | None,
) -> None:
    if bundle is not None and release:
        raise misused(
            "cannot prove a release and a bundle at once", hint=f"pmrunnerctl prove {release}"
        )
    given = {
        "--bundle": bundle,
        "--write-bundle": write_bundle,
        "--allowed-signers": allowed_signers,
        "--revoked-keys": revoked_keys,
    }
    options = [f"{name}={path.absolute()}" for name, path in given.items() if path is not None]
    options += [f"--release={release}"] if release else []
    below = root_of(root)
    where = [f"--env={environment_of(session, below)}", f"--root={below}"]
    found = offline.ask("prove", Proof, *where, *options, program=PROGRAM)
    session.show(found, lambda _: draw(session.out, found))
    if write_bundle is not None:
        session.note(f"{write_bundle} is written: it holds no secret, and not lib itself")
    session.end(_ENDS[found.outcome])


def draw(screen: Screen, found: Proof) -> None:
    """Write the links, and what they come to."""
    screen.table(
        ("LINK", "", "WHY"),
        [
            (link.name, Cell(link.holding.replace("-", " "), _STYLE[link.holding]), link.why)
            for link in found.links
        ],
        whole=True,
    )
    name = f"{found.release} of {found.environment}"
    broken = [link.name for link in found.links if link.holding is Holding.FAILS]
    match found.outcome:
        case Outcome.PROVED:
            screen.line(f"{name} is proved")
        case Outcome.UNSIGNED:
            screen.line(
                f"{name} is not proved: nothing speaks against it, and nobody signed for it"
            )
        case Outcome.REFUTED:
            screen.line(f"{name} is not what it should be: {', '.join(broken)}", "red")

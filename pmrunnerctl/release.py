"""`release`: which releases there are, one of them, one more of a source, and those that nobody wants."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from pmrunnerctl import offline
from pmrunnerctl.prove import PROGRAM, environment_of, root_of, rooted
from pmrunnerctl.render import Cell, Screen
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import NamedPath, Noun, Whole, verb
from pmrunnerd.model.proof import Pruned, ReleaseRow, Releases

_named: Final = click.argument("release", required=False, default="", metavar="[RELEASE]")

_DIRECTORY: Final = NamedPath(file_okay=False, readable=False, path_type=Path)


KEEP: Final = 3


def _where(session: Session, root: Path | None) -> tuple[str, str]:
    below = root_of(root)
    return f"--env={environment_of(session, below)}", f"--root={below}"


@verb(
    "release list",
    rooted,
    summary="Show the releases of an environment, and which one it runs.",
    what="The oldest first. Needs no daemon. A process that we may not look at is not counted: root sees"
    " all of them. Whether a release is what it should be, `prove` says.",
    example="pmrunnerctl release list --env dev",
    then="pmrunnerctl prove",
)
def listed(session: Session, root: Path | None) -> None:
    found = offline.ask("list", Releases, *_where(session, root), program=PROGRAM)
    session.show(found, lambda _: draw_list(session.out, found))


@verb(
    "release show",
    _named,
    rooted,
    summary="Show one release: of which source, built by whom, in whose use.",
    what="RELEASE is what dist points to, unless it is named.",
    example="pmrunnerctl release show",
    then="pmrunnerctl prove",
)
def show(session: Session, release: str, root: Path | None) -> None:
    options = [f"--release={release}"] if release else []
    found = offline.ask("show", ReleaseRow, *_where(session, root), *options, program=PROGRAM)
    session.show(found, lambda _: draw_one(session.out, found))


@verb(
    "release build",
    click.argument("commit"),
    rooted,
    click.option("--repository", type=_DIRECTORY, help="Where the commit is (where you stand)."),
    click.option("--fetch", is_flag=True, help="Bring wheels of its lock that are not here."),
    summary="Build a release of a commit, the same each time.",
    what="COMMIT is a branch, a tag or the beginning of an id, or the digest of a source that was extracted before."
    " Nothing of it is run, and nothing is switched. Without --fetch no network is used. A release that is there, and"
    " is what it was, is left alone.",
    example="pmrunnerctl release build --fetch main",
    then="pmrunnerctl release list",
)
def build(
    session: Session, commit: str, root: Path | None, repository: Path | None, *, fetch: bool
) -> None:
    where = (repository or Path.cwd()).absolute()
    options = [f"--source={commit}", f"--repository={where}", *(["--fetch"] if fetch else [])]
    found = offline.ask("build", ReleaseRow, *_where(session, root), *options, program=PROGRAM)
    session.show(found, lambda _: draw_one(session.out, found))


@verb(
    "release prune",
    rooted,
    click.option(
        "--keep", type=Whole(min=0, max=1000), default=KEEP, help="The latest few stay (3)."
    ),
    click.option("--yes", is_flag=True, help="Do it; without, it is only shown."),
    summary="Delete releases that nobody runs and nobody would go back to.",
    what="What dist and previous point to stays, and so does what a process still has in its memory, and the latest few.",
    example="pmrunnerctl release prune --yes",
    then="pmrunnerctl release list",
)
def prune(session: Session, root: Path | None, *, keep: int, yes: bool) -> None:
    options = [f"--keep={keep}", *(["--yes"] if yes else [])]
    found = offline.ask("prune", Pruned, *_where(session, root), *options, program=PROGRAM)
    more = ["--keep", str(keep)] if keep != KEEP else []
    more += ["--root", str(root.absolute())] if root is not None else []
    session.show(found, lambda _: draw_pruned(session.out, found, more))


release = Noun("release", listed, show, build, prune, about="What was built, and what runs.")


def draw_list(screen: Screen, found: Releases) -> None:
    """Write each release on a line."""
    if not found.releases:
        screen.line(f"{found.environment} has no release")
        return
    screen.table(
        ("RELEASE", "SOURCE", "PYTHON", "SIGNED", "USE"),
        [
            (row.id, row.source[:12], row.python, "yes" if row.is_signed else "", _use(row))
            for row in found.releases
        ],
    )


def _use(row: ReleaseRow) -> Cell:
    if row.trouble:
        return Cell(row.trouble, "red")
    said = ["runs"] if row.is_dist else []
    said += ["the way back"] if row.is_previous else []
    said += [f"process {', '.join(map(str, row.processes[:3]))}"] if row.processes else []
    return Cell(", ".join(said), "green" if row.is_dist else "")


def draw_one(screen: Screen, row: ReleaseRow) -> None:
    """Write what is known of a release."""
    built = ", ".join(filter(None, [row.built_by, screen.when(row.built_at)]))
    screen.pairs(
        [
            ("release", row.id),
            ("source", row.source),
            ("tree", row.tree),
            ("python", row.python),
            ("level", str(row.level) if row.level else ""),
            ("built", built or "by the package, where it was installed"),
            ("signed", "yes: prove says by whom" if row.is_signed else "no"),
            ("use", _use(row)),
        ]
    )


def draw_pruned(screen: Screen, found: Pruned, more: Sequence[str] = ()) -> None:
    """Write what goes, and what stays and why; with `more` options the command deletes what was shown, and nothing else."""
    gone = "deleted" if found.changed else "would go"
    screen.table(
        ("RELEASE", "", "WHY"),
        [(one.id, "stays" if one.why else gone, one.why) for one in found.releases],
    )
    if not found.changed and any(not one.why for one in found.releases):
        # Said, so that it is the same for root: sudo takes variables away.
        env = "" if found.environment == "prod" else f"--env {found.environment} "
        screen.next(f"sudo pmrunnerctl {env}{shlex.join(['release', 'prune', *more, '--yes'])}")

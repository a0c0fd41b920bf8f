"""`project`: the directories that the runner works on."""

from pathlib import Path
from typing import Any, Final

import click

from pmrunnerctl import complete, projects, readiness
from pmrunnerctl.exits import misused
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import Noun, verb
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanApproval, ProjectType

_SHELL: Final = "shell"
ALIAS = click.argument("alias", shell_complete=complete.aliases)
SETTINGS = (
    click.option(
        "--type",
        "project_type",
        type=click.Choice([kind.value for kind in ProjectType]),
        help="runner-dev is a project that is this runner itself.",
    ),
    click.option("--bootstrap-prompt", metavar="TEXT", help="Said to each agent first."),
    click.option("--agent", metavar="NAME", help="Who does the work, such as shell or claude."),
    click.option(
        "--plan-approval",
        type=click.Choice([kind.value for kind in PlanApproval]),
        help="manual: a plan waits for `plan approve`.",
    ),
    click.option(
        "--gate-attempts",
        type=click.IntRange(0, 100),
        metavar="N",
        help="runner-dev: how often the agent mends what gates found before a person is asked.",
    ),
)


@verb(
    "project add",
    ALIAS,
    click.argument("path"),
    *SETTINGS,
    what="ALIAS is what you will type; PATH must hold a git repository with a commit, and stays"
    " where it is. Nothing runs until you say something to the project.",
    example="pmrunnerctl project add demo ~/demo",
    then="pmrunnerctl chat send demo 'echo hello > hello.txt'",
)
def add(session: Session, alias: str, path: str, **settings: Any) -> None:
    if "/" in alias:
        raise misused(
            f"cannot call a project {alias}: that is a path",
            hint=f"pmrunnerctl project add {'ALIAS' if '/' in path else path} {alias}",
        )
    request = p.ProjectAdd(alias=alias, path=absolute(path), **_given(settings))
    added = session.ask(request)

    def draw(_: Any) -> None:
        session.out.line(f"added project {added.alias} at {added.path}")
        words = "echo hello > hello.txt" if added.agent == _SHELL else "Write hello into hello.txt"
        session.out.next(f"pmrunnerctl chat send {added.alias} '{words}'")

    session.show(added, draw)
    readiness.remark(session, [added.agent])


@verb(
    "project list",
    what="With how many tasks each has, what it does now and what waits for you.",
    example="pmrunnerctl project list",
    then="pmrunnerctl project show ALIAS",
)
def list_(session: Session) -> None:
    session.show(
        session.ask(p.ProjectList()),
        lambda found: projects.table(session.out, found.projects, paths=True),
    )


@verb(
    "project show",
    ALIAS,
    what="Nothing is changed.",
    example="pmrunnerctl project show demo",
    then="pmrunnerctl chat history demo",
)
def show(session: Session, alias: str) -> None:
    found = session.ask(p.ProjectShow(project=alias))
    session.show(found, lambda view: projects.draw(session.out, view))


@verb(
    "project set",
    ALIAS,
    click.option("--alias", "new_alias", metavar="NEW", help="Another name for it."),
    *SETTINGS,
    what="Work that runs goes on as it began; what starts later has the new settings.",
    example="pmrunnerctl project set demo --plan-approval manual",
    then="pmrunnerctl project show demo",
)
def set_(session: Session, alias: str, new_alias: str | None, **settings: Any) -> None:
    given = _given({"alias": new_alias, **settings})
    if not given:
        raise misused(
            f"cannot change {alias}: no setting was given", hint="pmrunnerctl project set -h"
        )
    changed = session.ask(p.ProjectSet(project=alias, **given))

    def draw(_: Any) -> None:
        session.out.line(f"changed project {changed.alias}")
        session.out.next(f"pmrunnerctl project show {changed.alias}")

    session.show(changed, draw)
    if "agent" in given:
        readiness.remark(session, [changed.agent])


@verb(
    "project remove",
    ALIAS,
    what="Refused while work of it is queued or under way. No file is touched, and what was said stays, under"
    " the identifier that it had.",
    example="pmrunnerctl project remove demo",
    then="pmrunnerctl project list",
)
def remove(session: Session, alias: str) -> None:
    done = session.ask(p.ProjectRemove(project=alias))

    def draw(_: Any) -> None:
        session.out.line(f"removed project {alias}; its directory and history stay")
        session.out.next(f"pmrunnerctl chat history {done.id}", "what was said")

    session.show(done, draw)


project = Noun(
    "project",
    add,
    list_,
    show,
    set_,
    remove,
    about="Projects: directories with a git repository, that agents work on.",
)


def absolute(path: str) -> str:
    """Return where a path leads from here: `~` and symbolic links resolved.

    The daemon stands elsewhere, and a link that changed later would be another project.
    """
    try:
        return str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError) as exc:
        raise misused(f"cannot add {path}: {exc}") from None


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    types = {"project_type": ProjectType, "plan_approval": PlanApproval}
    return {
        name: types[name](value) if name in types else value
        for name, value in settings.items()
        if value is not None
    }

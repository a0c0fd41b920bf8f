"""`plan edit`: a plan goes to the person's editor and back, and not a word that they wrote is lost."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pmrunnerctl import editor, planform
from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.session import Session
from pmrunnerctl.texts import joined
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState
from pmrunnerd.model.errors import Code

_UNREAD: Final = "cannot read what the editor saved"
# So many texts in a row that are no plan, and it is no person who writes them.
_ROUNDS: Final = 5
# What the person can put right in the text itself.
_MENDABLE: Final = frozenset({"usage", Code.BAD_REQUEST})


def from_file(session: Session, plan: str, file: str, *, approve: bool) -> p.Done:
    """Send back what a file, or with `-` standard input, says."""
    if file == "FILE":
        raise misused(
            f"cannot edit plan {plan}: FILE stands for the name of a file with the plan",
            hint=f"pmrunnerctl plan show {plan} --toml > plan.toml   # writes one to be changed",
        )
    if file == "-":
        return _send(session, plan, joined(["-"], "plan"), approve=approve)
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        why = (exc.strerror or str(exc)).lower() if isinstance(exc, OSError) else "it is not UTF-8"
        raise misused(f"cannot read {file}: {why}", hint="pmrunnerctl plan edit -h") from None
    return _send(session, plan, text, approve=approve)


def by_hand(session: Session, plan: str, *, approve: bool) -> p.Done | None:
    """Have the person change a plan in their editor until it is one; None where they did not."""
    view = session.ask(p.PlanShow(plan=plan, texts=True))
    if view.plan.state is not PlanState.AWAITING_APPROVAL:
        raise Cannot(
            f"cannot edit plan {plan}: it is {view.plan.state}",
            exits=Exit.REFUSED,
            code=Code.ILLEGAL,
            hint=f"pmrunnerctl plan show {plan}",
        )
    before = planform.written(view)
    with _kept(session, plan, before) as path:
        handed = before
        for left in reversed(range(_ROUNDS)):
            editor.edit(path, session.addressed(f"pmrunnerctl plan edit {plan} --file FILE"))
            text = _saved(plan, path)
            if not text.strip() or planform.same(text, before):
                return None
            try:
                return _send(session, plan, text, approve=approve)
            except Cannot as error:
                # Who leaves the complaint as it is has seen enough of it.
                if error.code not in _MENDABLE or text == handed or not left:
                    raise
                session.note(f"{error}; it is opened again")
                handed = planform.complained(text, error)
                path.write_text(handed, encoding="utf-8")
    return None


def _saved(plan: str, path: Path) -> str:
    """Return what the editor left behind. Raises Cannot."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise misused(
            f"{_UNREAD}: it is not UTF-8",
            hint=f"iconv -f LATIN1 -t UTF-8 {shlex.quote(str(path))} | pmrunnerctl plan edit {plan} --file -",
        ) from None
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise misused(f"{_UNREAD}: {why}", hint="pmrunnerctl plan edit -h") from None


def _send(session: Session, plan: str, text: str, *, approve: bool) -> p.Done:
    form = planform.read(text)
    if form.plan != plan:
        raise misused(
            f"cannot edit plan {plan}: the text is of plan {form.plan}",
            hint=f"pmrunnerctl plan show {plan} --toml",
        )
    return session.ask(
        p.PlanEdit(plan=plan, edits=form.edits, title=form.title, tasks=form.task, approve=approve)
    )


@contextlib.contextmanager
def _kept(session: Session, plan: str, text: str) -> Iterator[Path]:
    """Give a file with a text that is there for as long as what the person wrote is nowhere else."""
    number, name = tempfile.mkstemp(prefix=f"pm-runner-{plan}-", suffix=".toml")
    path = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        yield path
    except BaseException:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if planform.without_complaints(path.read_text(encoding="utf-8")) == text:
                path.unlink()
                raise
        if not path.is_file():
            raise
        again = session.addressed(f"pmrunnerctl plan edit {plan} --file {shlex.quote(name)}")
        session.note(f"what you wrote is kept: {again}")
        raise
    path.unlink()

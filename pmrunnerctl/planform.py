"""A plan as a text that a person changes: TOML, with what may be changed said in comments.

What somebody else wrote reaches the terminal and the editor with its control characters spelt out.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from pmrunnerctl.exits import Cannot, misused
from pmrunnerd.model import protocol as p
from pmrunnerd.model.entities import PlanState, Task, TaskKind, TaskState
from pmrunnerd.model.views import PlanView

_HEAD: Final = """\
# Plan {plan} of {alias}. Save it and leave the editor to send it back; what is left as it is
# changes nothing, and nothing is ever begun by it unless you said --approve.
#
# Each [[task]] has a name, by which others need it, and a text, which is what its agent is told.
# It may have: title, one line; needs, names of tasks that must be complete before it begins; files,
# those that it is to change; risk, what may go wrong; purpose: code, tests, docs, or research, of
# which no change is expected. Take a task out, and it will not be done.
"""
_PROBLEM: Final = "#! "
# What is spelt out: controls, and marks that turn the direction of writing around.
_HIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LITERAL: Final = "'''"
_FIELD: Final = re.compile(
    r"Object (?P<what>missing required|contains unknown) field `(?P<field>[^`]+)`"
    r"(?: - at `\$\.task\[(?P<task>\d+)\]`)?"
)


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the text says. `edits` is how often the plan had been edited when it was written."""

    plan: str
    edits: int
    title: str = ""
    task: tuple[p.EditedTask, ...] = ()


def written(view: PlanView) -> str:
    """Return a plan as a text to be changed. Its tasks need their texts."""
    plan = view.plan
    names = {row.task.id: row.task.name for row in view.tasks}
    head = _HEAD.format(plan=plan.id, alias=view.alias)
    lines = [
        f"plan = {_string(plan.id)}",
        f"edits = {plan.edits}  # how often it had been edited before",
        f"title = {_string(plan.title)}",
    ]
    tasks = (row.task for row in view.tasks if _is_shown(row.task, plan.state))
    return head + "\n".join([*lines, *(line for one in tasks for line in _task(one, names)), ""])


def _is_shown(task: Task, plan: PlanState) -> bool:
    out = plan is PlanState.AWAITING_APPROVAL and task.state is TaskState.CANCELLED
    return task.kind is TaskKind.WORK and not out


def _task(task: Task, names: dict[str, str]) -> Iterable[str]:
    yield ""
    yield "[[task]]"
    yield f"name = {_string(task.name)}"
    yield f"title = {_string(task.title)}"
    yield f"needs = {_strings([names[need] for need in task.needs if need in names])}"
    yield f"files = {_strings(task.files)}"
    yield f"risk = {_string(task.risk)}"
    if task.purpose:
        yield f"purpose = {_string(task.purpose)}"
    yield f"text = {_text(task.text)}"


def same(text: str, before: str) -> bool:
    """Tell whether a text says what it said before, whatever its comments."""
    if without_complaints(text) == before:
        return True
    try:
        return read(text) == read(before)
    except Cannot:
        return False


def read(text: str) -> Form:
    """Return what a text says. Raises Cannot with what is wrong with it, and where."""
    try:
        return msgspec.convert(tomllib.loads(text), Form)
    except tomllib.TOMLDecodeError as exc:
        why = str(exc)[:1].lower() + str(exc)[1:]
    except msgspec.ValidationError as exc:
        why = _words(str(exc))
    raise misused(f"cannot read the plan: {why}", hint="pmrunnerctl plan edit -h")


def complained(text: str, error: Cannot) -> str:
    """Return a text with what is wrong with it at its beginning, instead of what was wrong before."""
    said = [f"{_PROBLEM}{line}" for line in str(error).splitlines()]
    return "\n".join([*said, without_complaints(text)])


def without_complaints(text: str) -> str:
    """Return a text as it was before anything was said about it."""
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if not line.startswith(_PROBLEM)), len(lines))
    return "\n".join(lines[first:])


def _words(why: str) -> str:
    found = _FIELD.fullmatch(why)
    if found is None:
        return why[:1].lower() + why[1:].replace("$.", "")
    where = f"task {int(found['task']) + 1}" if found["task"] else "it"
    if found["what"] == "missing required":
        return f"{where} has no {found['field']}"
    return f"{where} has a {found['field']}, which is not known"


def _strings(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_string, texts))}]"


def _string(text: str) -> str:
    """Return a text on one line."""
    return f'"{_escaped(text)}"'


def _text(text: str) -> str:
    """Return a text over as many lines as it has, as it is wherever that can be."""
    if _LITERAL in text or text.endswith("'") or _HIDDEN.search(text):
        return '"""\n' + "\n".join(map(_escaped, text.split("\n"))) + '"""'
    return f"{_LITERAL}\n{text}{_LITERAL}"


def _escaped(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return _HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)

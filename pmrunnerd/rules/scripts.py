"""How a message becomes a plan for the shell agent: its fenced `sh` blocks are the tasks.

    ```sh name=build needs=fetch,configure
    make
    ```

A block may have a name and may need others by name. A message without such a block is one task:
its whole text is the script. A task is titled by the comment that its script begins with, or else
by its name and what the message says around the blocks; commits are called by that.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from pmrunnerd.model.errors import Refused
from pmrunnerd.rules.planning import LONGEST_NAME, Proposal, Step, title

FENCE: Final = re.compile(r"^(?P<ticks>`{3,})[ \t]*(?P<info>[^`\n]*)$")
SHELLS: Final = frozenset({"sh", "bash", "shell"})
HINT: Final = "a block begins like this: ```sh name=build needs=fetch"


def propose(text: str) -> Proposal:
    """Return the plan that a message describes.

    Raises Refused where a fence is not closed or its first line cannot be understood.
    """
    steps: list[Step] = []
    prose: list[str] = []
    others: set[str] = set()
    # Not `splitlines`: form feeds and the like belong to the script.
    lines = enumerate((line.removesuffix("\r") for line in text.split("\n")), 1)
    for number, line in lines:
        opened = FENCE.match(line)
        if opened is None:
            prose.append(line)
            continue
        body = _body(lines, opened["ticks"], number)
        language, _, options = opened["info"].strip().partition(" ")
        if language in SHELLS:
            steps.append(_step(options, body, len(steps) + 1, number))
        else:
            others.add(language[:LONGEST_NAME] or "without a language")
    if others and not steps:
        # As a script the whole message would run, fences and prose and all.
        raise Refused(
            f"cannot plan the message: its blocks are {', '.join(sorted(others)[:3])}, and only sh runs",
            hint=HINT,
        )
    if not steps:
        script = text.strip("\n")
        return Proposal(title=title(script), steps=(Step(name="script", text=script),))
    said = title(" ".join(" ".join(prose).split()))
    titled = tuple(replace(step, title=_title(step, said)) for step in steps)
    return Proposal(title=said or titled[0].title, steps=titled)


def _title(step: Step, said: str) -> str:
    first = next((line.strip() for line in step.text.split("\n") if line.strip()), "")
    if first.startswith("#") and not first.startswith("#!"):
        return title(first)
    return title(f"{step.name}: {said}") if said else title(step.text)


def _body(lines: Iterator[tuple[int, str]], ticks: str, number: int) -> str:
    body: list[str] = []
    for _, line in lines:
        if line.rstrip() == ticks:
            return "\n".join(body)
        body.append(line)
    raise _refused(number, "the block that begins there is not closed", f"end it with {ticks}")


def _step(options: str, body: str, position: int, number: int) -> Step:
    name = f"block-{position}"
    needs: tuple[str, ...] = ()
    try:
        words = shlex.split(options)
    except ValueError as exc:
        raise _refused(number, f"{options!r}: {exc}", HINT) from None
    for word in words:
        key, equals, value = word.partition("=")
        if key == "name" and value:
            name = value
        elif key == "needs" and equals:
            needs = tuple(need for need in value.split(",") if need)
        else:
            raise _refused(number, f"{word!r} is no option of a block", HINT)
    return Step(name=name, text=body, needs=needs, line=number)


def _refused(number: int, why: str, hint: str) -> Refused:
    return Refused(f"cannot plan the message: line {number}: {why}", hint=hint)

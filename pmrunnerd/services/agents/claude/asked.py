"""What a call of Claude Code's AskUserQuestion asks, and the answers that it takes. Pure.

What is asked is cut to what `pm-ask` takes; the whole of it stays in the transcript.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from pmrunnerd.model import brief
from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.pm_ask import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT

TOOL: Final = "AskUserQuestion"
MOST: Final = 10
_NOBODY: Final = f"Nobody was asked: a person is asked {MOST} questions at once, and no more."


def read(given: Mapping[str, Any], call: str) -> tuple[Asked, ...]:
    """Return the questions of one call, as a person is asked them; that call is their key.

    Two in the same words are one, with the options of both: the CLI knows answers by the words.
    """
    found: dict[str, Asked] = {}
    for asked in (_one(one, call) for one in _questions(given)):
        same = found.get(asked.text)
        found[asked.text] = asked if same is None else _both(same, asked)
    return tuple(found.values())[:MOST]


def answers(given: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str] | None:
    """Return the answers to a call as the CLI takes them; None unless all that it asks has one.

    `known` are the answers to this very call, by its words.
    """
    asked = [one.text for one in read(given, "")]
    if not asked or not known.keys() >= set(asked):
        return None
    return {
        text: known[short] if (short := _short(text)) in asked else _NOBODY
        for text in map(_text, _questions(given))
    }


def _questions(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    asked = given.get("questions")
    return [one for one in (asked if isinstance(asked, list) else ()) if isinstance(one, dict)]


def _text(question: Mapping[str, Any]) -> str:
    return str(question.get("question", ""))


def _short(text: str) -> str:
    return brief.told_apart(text, QUESTION_LIMIT)


def _one(given: Mapping[str, Any], call: str) -> Asked:
    offered = given.get("options")
    options = [o for o in (offered if isinstance(offered, list) else ()) if isinstance(o, dict)]
    return Asked(
        at="",
        text=_short(_text(given)),
        options=tuple(_said(option, "label") for option in options[:OPTIONS_LIMIT]),
        details=tuple(_said(option, "description") for option in options[:OPTIONS_LIMIT]),
        multiple=bool(given.get("multiSelect")),
        key=call,
    )


def _said(option: Mapping[str, Any], name: str) -> str:
    return brief.cut(str(option.get(name, "")), OPTION_LIMIT)


def _both(one: Asked, other: Asked) -> Asked:
    offered = dict(zip(other.options, other.details, strict=True))
    offered |= dict(zip(one.options, one.details, strict=True))
    order = list(dict.fromkeys((*one.options, *other.options)))[:OPTIONS_LIMIT]
    return replace(
        one,
        options=tuple(order),
        details=tuple(offered[option] for option in order),
        multiple=one.multiple or other.multiple,
    )

"""What a form of the protocol (an elicitation) asks, as people are asked it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pmrunnerd.model import brief
from pmrunnerd.model.progress import Asked
from pmrunnerd.services.agents.pm_ask import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT

_YES_OR_NO: Final = ("yes", "no")
# A field for other words beside the options of another: any question of ours takes other words.
_BESIDE: Final = "_custom"
MOST: Final = 10


def read(form: Mapping[str, Any]) -> tuple[Asked, ...]:
    """Return the questions of a form; none where it does not ask for words."""
    schema = form.get("requestedSchema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    fields = properties if isinstance(properties, Mapping) else {}
    named = [
        (name, field)
        for name, field in fields.items()
        if isinstance(field, Mapping) and not _is_beside(name, fields)
    ]
    message = str(form.get("message") or "")
    return tuple(
        _one(message if len(named) == 1 else _text(message, name, field), field)
        for name, field in named[:MOST]
    )


def _is_beside(name: str, fields: Mapping[str, Any]) -> bool:
    return name.endswith(_BESIDE) and name.removesuffix(_BESIDE) in fields


def _text(message: str, name: str, field: Mapping[str, Any]) -> str:
    asked = field.get("description") or field.get("title") or name
    return f"{message}\n{asked}".strip()


def _one(whole: str, field: Mapping[str, Any]) -> Asked:
    text = brief.told_apart(whole, QUESTION_LIMIT)
    items = field.get("items")
    multiple = field.get("type") == "array" and isinstance(items, Mapping)
    offers = items if isinstance(items, Mapping) and multiple else field
    if field.get("type") == "boolean":
        return Asked(at="", text=text, options=_YES_OR_NO)
    offered = [(_cut(word), _cut(title)) for word, title in _options(offers)]
    options = tuple(dict(offered).items())[:OPTIONS_LIMIT]
    return Asked(
        at="",
        text=text,
        options=tuple(option for option, _ in options),
        details=tuple(detail for _, detail in options),
        multiple=multiple,
    )


def _cut(text: str) -> str:
    return brief.cut(text, OPTION_LIMIT)


def _options(offers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("oneOf", "anyOf"):
        for one in offers.get(name) or ():
            if isinstance(one, Mapping) and "const" in one:
                word, title = str(one["const"]), str(one.get("title") or "")
                yield word, "" if title == word else title
    for one in offers.get("enum") or ():
        yield str(one), ""

"""Says in people's words what a decoder found wrong with a request: which field, and what with it.

The decoder's own words are kept where none of these fits: they are right, only not kind.
"""

import re
from collections.abc import Callable
from typing import Final

_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "bytes": "bytes",
    "array": "a list",
    "object": "an object with fields",
    "null": "nothing",
}
_PLACE: Final = r" - at `\$\.(?P<field>[^`]+)`"
_RULES: Final[list[tuple[str, Callable[[re.Match[str]], str]]]] = [
    (r"Object contains unknown field `(?P<field>[^`]+)`.*", lambda m: f"there is no {m['field']}"),
    (r"Object missing required field `(?P<field>[^`]+)`.*", lambda m: f"{m['field']} is missing"),
    (rf"Expected `str` of length >= 1{_PLACE}", lambda m: f"{m['field']} is empty"),
    (
        rf"Expected `str` of length <= (?P<most>\d+){_PLACE}",
        lambda m: f"{m['field']} is longer than {int(m['most']):,} characters",
    ),
    (
        rf"Expected `(?:int|float)` >= (?P<least>-?[\d.]+){_PLACE}",
        lambda m: f"{m['field']} is less than {m['least']}",
    ),
    (
        rf"Expected `(?:int|float)` <= (?P<most>-?[\d.]+){_PLACE}",
        lambda m: f"{m['field']} is more than {m['most']}",
    ),
    (
        rf"Expected `str` matching regex .*{_PLACE}",
        lambda m: f"{m['field']} is no identifier, such as t12 or r12",
    ),
    (
        rf"Expected `(?P<kind>[^`]+)`, got `(?P<got>[^`]+)`{_PLACE}",
        lambda m: f"{m['field']} is {_kind(m['got'])} and should be {_kind(m['kind'])}",
    ),
    (rf"Number out of range{_PLACE}", lambda m: f"{m['field']} is a number out of range"),
    (
        rf"Invalid enum value (?P<value>.+){_PLACE}",
        lambda m: f"{m['field']} cannot be {m['value']}",
    ),
    (r"Expected `object`, got `(?P<got>[^`]+)`", lambda m: f"it is {_kind(m['got'])}"),
]


def wording(exc: Exception) -> str:
    """Return what is wrong, as the end of a sentence that begins with `cannot X:`."""
    said = str(exc)
    for pattern, say in _RULES:
        if (found := re.fullmatch(pattern, said, re.DOTALL)) is not None:
            return say(found)
    return said


def _kind(spelled: str) -> str:
    """Return a type as people call it: `str | null` is text or nothing."""
    return " or ".join(_KINDS.get(name, name) for name in spelled.split(" | "))

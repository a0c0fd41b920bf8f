"""The options of a daemon's command line as they count: however they were spelt, the last of those alike."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

PORT: Final = "--web-port"
# Two that say what a longer one says, and that win over it: its name, and a value that is not typed.
_SHORT: Final = {"--port": (PORT, None), "--unconfined": ("--runs-unconfined", "true")}
# As the daemon reads it, what begins like this is an option, and no value of the one before.
_OPTION: Final = re.compile(r"-(?!\d)\S+")


class Option(NamedTuple):
    """One option: the name and the value by which it counts, and the words in which it was given."""

    name: str
    value: str
    words: tuple[str, ...]
    short: bool


def options(words: Iterable[str]) -> list[Option]:
    """Return the options that words are; a word that is the value of none stands alone."""
    found: list[list[str]] = []
    for word in words:
        if found and _may_follow(found[-1], word):
            found[-1].append(word)
        else:
            found.append([word])
    return [_option(tuple(one)) for one in found]


def last(words: Iterable[str], name: str) -> str:
    """Return the value of an option that counts; empty where it was not given."""
    option = _counting(words).get(name)
    return option.value if option else ""


def without(words: Iterable[str], names: Collection[str]) -> list[str]:
    """Return the words of all other options than those of some names."""
    return [word for one in options(words) if one.name not in names for word in one.words]


def changed(words: Iterable[str], more: Sequence[str]) -> list[str]:
    """Return words with other options besides, instead of those that said the same."""
    return [*without(words, {one.name for one in options(more)}), *more]


def absent(wanted: Iterable[str], has: Iterable[str]) -> list[str]:
    """Return the words of the options that are not among others at all, whatever their value."""
    there = _counting(has)
    return [
        word for one in _counting(wanted).values() if one.name not in there for word in one.words
    ]


def differing(wanted: Iterable[str], has: Iterable[str]) -> list[str]:
    """Return the words of the options that are not among others with the same value."""
    there = {one.name: one.value for one in _counting(has).values()}
    return [
        word
        for one in _counting(wanted).values()
        if there.get(one.name) != one.value
        for word in one.words
    ]


def _may_follow(option: list[str], word: str) -> bool:
    """Tell whether a word is the value of an option that has none yet."""
    name = option[0]
    alone = len(option) == 1 and _OPTION.fullmatch(name) is not None and "=" not in name
    return alone and _OPTION.fullmatch(word) is None


def _option(words: tuple[str, ...]) -> Option:
    typed, joined, value = words[0].partition("=")
    name, meant = _SHORT.get(typed, (typed, None))
    if meant is None:
        meant = value if joined else " ".join(words[1:])
    return Option(name, meant, words, short=typed in _SHORT)


def _counting(words: Iterable[str]) -> dict[str, Option]:
    return {one.name: one for one in sorted(options(words), key=lambda one: one.short)}

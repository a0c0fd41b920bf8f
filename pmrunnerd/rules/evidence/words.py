"""What of a text is words: its sentences, what is equal but for spelling, and what nobody can see."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

# So many words make a sentence, and so many of them are not the same one.
WORDS: Final = 5
_DISTINCT: Final = 4
# Where a script has no spaces, each of its characters counts: Thai to Myanmar, Khmer, kana, Han.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# As text: it takes 3 ms to compile, which whoever asks first can spare, and no start of a daemon.
_WORD: Final = rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+"
_END: Final = re.compile(r"(?<=[.!?])[\"')\]]*\s+|(?<=[。！？])")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:\s+|$)(?:\[[ xX]\]\s+)?")
_QUOTE: Final = re.compile(r"\s*>+ ?")
# Joiners that letters of some scripts, and some pictures, are made with.
_JOINERS: Final = frozenset("\u200c\u200d")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})
# Letters, by Unicode, and blank to everybody.
_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def plain(text: str) -> str:
    """Return what is equal of texts that differ in case, punctuation and white space alone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", seen(folded).replace("_", " ")))


def seen(text: str) -> str:
    """Return a text without what nobody sees."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in text if not is_unseen(one) and one not in _JOINERS)


def is_unseen(character: str) -> bool:
    """Tell whether a character shows nothing, or turns what is shown around."""
    if character in "\t\n" or character in _JOINERS:
        return False
    return character in _BLANKS or unicodedata.category(character) in _UNSEEN


def spelt(text: str) -> str:
    """Return a text in which what nobody sees can be seen, by its number."""
    return "".join(_spelt(one) if is_unseen(one) or one in "\t\n" else one for one in text)


def _spelt(character: str) -> str:
    return (
        character.encode("unicode_escape").decode()
        if character > "\xff"
        else ascii(character)[1:-1]
    )


def is_sentence(text: str) -> bool:
    """Tell whether a text has as many words as a sentence has; whether it says something, nobody can."""
    words = re.findall(_WORD, unicodedata.normalize("NFKC", seen(text)).casefold())
    words = [word for word in words if len(word) > 1 or not word.isascii() or word in "ai"]
    return len(words) >= WORDS and len(set(words)) >= _DISTINCT


def sentences(lines: Iterable[str]) -> list[str]:
    """Return the sentences of some lines: a list's item, a row and a paragraph each end one."""
    found: list[str] = []
    paragraph: list[str] = []
    for line in [*lines, ""]:
        text = _QUOTE.sub("", line, count=1) if _QUOTE.match(line) else line
        begins = _ITEM.match(text)
        if paragraph and (begins or not text.strip() or text.lstrip().startswith("|")):
            found += _END.split(" ".join(paragraph))
            paragraph = []
        if text := text[begins.end() :].strip() if begins else text.strip():
            paragraph.append(text)
    return [one for one in map(str.strip, found) if one]

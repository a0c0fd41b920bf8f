"""A little of roff(7), and of the Markdown that our own pages are written in."""

import re
from collections.abc import Iterable, Iterator

_INLINE = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\[(?P<link>[^]]+)\]\([^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def plain(text: str) -> str:
    """Return a text as roff has to have it: nothing in it is a command."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def bold(text: str) -> str:
    return rf"\fB{plain(text)}\fR"


def inline(text: str) -> str:
    """Return one paragraph of Markdown as a line of roff."""
    found, last = [], 0
    for hit in _INLINE.finditer(text):
        found.append(plain(text[last : hit.start()]))
        marked = hit["code"] or hit["bold"]
        found.append(bold(marked) if marked else plain(hit["link"]))
        last = hit.end()
    line = "".join([*found, plain(text[last:])])
    return rf"\&{line}" if line.startswith((".", "'")) and not found else line


def title(name: str, section: int, version: str, about: str) -> str:
    """Return what a page begins with."""
    return (
        f'.TH "{name.upper()}" {section} "" "pm\\-runner {version}"\n'
        f".SH NAME\n{plain(name)} \\- {plain(about)}\n"
    )


def heading(text: str) -> str:
    return f'.SH "{plain(text.upper())}"\n'


def item(term: str, text: str) -> str:
    """Return a term, which is roff already, and what it is, which is Markdown."""
    return f".TP\n{term}\n{inline(text) or chr(92) + '&'}\n"


def literal(lines: Iterable[str]) -> str:
    """Return lines as they stand."""
    return (
        ".PP\n.nf\n.RS 4\n"
        + "".join(f"{plain(line) or chr(92) + '&'}\n" for line in lines)
        + ".RE\n.fi\n"
    )


def page(markdown: str) -> str:
    """Return a page of ours as roff: headings, paragraphs, lists, tables and what stands in fences."""
    return "".join(_blocks(_COMMENT.sub("", markdown).splitlines()))


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        until = at + 1
        if line.startswith("```"):
            while until < len(lines) and not lines[until].startswith("```"):
                until += 1
            yield literal(lines[at + 1 : until])
            until += 1
        elif line.startswith("#"):
            yield heading(line.lstrip("# "))
        elif line.startswith("|"):
            while until < len(lines) and lines[until].startswith("|"):
                until += 1
            yield from _table(lines[at:until])
        elif line.strip():
            bullet = line.startswith("* ")
            while (
                until < len(lines)
                and lines[until].strip()
                and not lines[until].startswith(("* ", "|", "#", "```"))
            ):
                until += 1
            text = inline(" ".join(part.strip() for part in lines[at:until]).removeprefix("* "))
            yield f".IP \\(bu 2\n{text}\n" if bullet else f".PP\n{text}\n"
        at = until


def _table(lines: list[str]) -> Iterator[str]:
    """Yield the rows of a table, each as its first cell and what the others say of it."""
    names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    for first, *others in rows:
        if len(others) == 1:
            yield item(inline(first), others[0])
        else:
            told = [
                f"{name}: {cell}" for name, cell in zip(names[1:], others, strict=False) if cell
            ]
            yield item(inline(first), "; ".join(told))

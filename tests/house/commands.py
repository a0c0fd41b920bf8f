"""Commands that the client shows: each goes through the one way that has it mean the same daemon."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.tree import Module, modules

# What adds the options of the command that is being carried out, now or where it is shown.
WAYS: Final = frozenset({"addressed", "next", "reason"})
# A hint is addressed by whoever shows the error, help is read before anybody is meant.
KEYWORDS: Final = frozenset({"hint", "example", "then", "what"})
# Kept under these names, a command is a hint yet to be given.
KEPT_AS: Final = frozenset({"hint", "START"})
_WORD: Final = re.compile(r"\bpmrunnerctl (?:--[a-z]+ |(?P<word>[a-z]+))(?!.* -h\b)")


def unaddressed(root: Path) -> list[str]:
    """Return each command that is shown as it stands, and so may mean another daemon."""
    found = modules(root, "pmrunnerctl")
    words = {word for module in found for word in _verbs(module)}
    return [
        f"{module.where}:{line}: shows a command unaddressed: {text}"
        for module in found
        for text, line in _shown(module)
        if any(not hit["word"] or hit["word"] in words for hit in _WORD.finditer(text))
    ]


def _verbs(module: Module) -> Iterator[str]:
    """Yield the first words of the verbs that a module declares."""
    for node in ast.walk(module.syntax):
        match node:
            case ast.Call(func=ast.Name("verb"), args=[ast.Constant(value=str(words)), *_]):
                yield words.split()[0]


def _shown(module: Module) -> Iterator[tuple[str, int]]:
    """Yield each text that is neither addressed nor kept for somebody who does that."""
    above = {
        child: node for node in ast.walk(module.syntax) for child in ast.iter_child_nodes(node)
    }
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            inner: ast.AST = node
            while inner in above and not _is_taken_care_of(inner, above[inner]):
                inner = above[inner]
            if inner not in above:
                yield node.value, node.lineno


def _is_taken_care_of(inner: ast.AST, outer: ast.AST) -> bool:
    match outer:
        case ast.Expr():
            return isinstance(inner, ast.Constant)  # a docstring
        case ast.Compare():
            return True
        case ast.keyword(arg=name):
            return name in KEYWORDS
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return name in KEPT_AS
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(name)):
            return inner is not outer.func and name in WAYS
    return False

"""A package of ours as a program for a place where none of our files is: its code, in an open file.

It is what python compiled of each module when it was installed; whoever runs it is the same python.
Whoever may lend it hours later reads it when they start: by then, another release can lie there.
"""

import contextlib
import inspect
import marshal
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from pmrunnerd.services import mounts, process, unwrap


def prepare(package: ModuleType) -> None:
    """Read what is to be lent, so that it is as old as we are. Raises OSError, SyntaxError."""
    _packed(package)
    _program()


@contextlib.contextmanager
def packed(package: ModuleType) -> Iterator[int]:
    """Lend the file that `command` is about; it is read once, by then if not by `prepare`."""
    with process.given(_packed(package)) as file:
        yield file


def command(file: int, *words: str) -> tuple[str, ...]:
    """Return what runs a package that is lent, with these words."""
    # -I: else python would take modules from where it is started, which is a workspace.
    return (str(mounts.python()), "-I", "-S", "-c", _program(), str(file), *words)


@cache
def _program() -> str:
    return inspect.getsource(unwrap)


@cache
def _packed(package: ModuleType) -> bytes:
    own = package.__name__
    inside = [path.stem for path in Path(*package.__path__).glob("*.py")]
    names = (own, *(f"{own}.{name}" for name in inside if name != "__init__"))
    return marshal.dumps((own, {name: _code(name) for name in names}))


def _code(name: str) -> object:
    spec = find_spec(name)
    assert spec is not None
    assert isinstance(spec.loader, SourceFileLoader)
    return spec.loader.get_code(name)

"""Runs a package that came in one open file, where none of its files is. Standard library only.

It is sent as text, by `parcel`. What is imported is found among the package's own modules first,
and by its own name, as everywhere else; so a traceback names the module and the line.
"""

import marshal
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType


class Unwrapped:
    """Finds modules by `codes`; whatever one of them is in is a package, though an empty one."""

    def __init__(self, codes: dict[str, CodeType]) -> None:
        self._codes = codes

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        is_package = any(other.startswith(f"{name}.") for other in self._codes)
        if not is_package and name not in self._codes:
            return None
        # A Loader by its methods: `importlib.abc` takes longer to import than all that we send.
        return ModuleSpec(name, self, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, _: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if code := self._codes.get(module.__name__):
            exec(code, vars(module))  # noqa: S102 - this is what it is to import one


def main() -> None:
    """Run the `__main__` of the package that is named beside its modules."""
    with os.fdopen(int(sys.argv.pop(1)), "rb") as file:
        package, codes = marshal.load(file)  # noqa: S302 - it is ours, as this program is
    sys.meta_path.insert(0, Unwrapped(codes))
    exec(codes[f"{package}.__main__"], {"__name__": "__main__"})  # noqa: S102 - what we are for


if __name__ == "__main__":
    main()

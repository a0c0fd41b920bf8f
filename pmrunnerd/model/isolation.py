"""How a module of ours becomes a process: with the code that we are of, and as isolated as we are.

A release runs without `site`, for what that imports is the machine's: a `.pth` there is somebody's
program, which would run as whoever runs us. In a checkout `site` is what finds the dependencies.
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

CODE: Final = PurePath(__file__).parents[2]
_VARIABLE: Final = "PYTHONPATH"
# The two words are taken away again: a module sees its own alone.
_ENTER: Final = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    " runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


class Python(NamedTuple):
    """The interpreter that runs us: `sys.executable`, and `sys.flags.no_site`."""

    executable: str
    no_site: int

    def runs(self, module: str, *words: str) -> list[str]:
        """Return the command that runs a module of ours."""
        if self.no_site:
            return [self.executable, "-IBS", "-c", _ENTER, str(CODE), module, *words]
        # -P: what lies in the working directory is not code of ours.
        return [self.executable, "-P", "-m", module, *words]

    def around(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return variables by which a checkout's code is found; a release's no other Python is to find."""
        if self.no_site:
            return dict(variables)
        paths = [str(CODE), *filter(None, [variables.get(_VARIABLE)])]
        return {**variables, _VARIABLE: ":".join(paths)}

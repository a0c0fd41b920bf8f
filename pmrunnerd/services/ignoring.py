"""What git ignores in a workspace, asked in one sandbox for however many names."""

import os
from collections.abc import Sequence
from typing import Final

from pmrunnerd.services.git import Git

# It takes no paths that are literal; with what is before them no name is magic all the same. It exits
# 1 where nothing is ignored.
_CHECK: Final = '"$@" --no-literal-pathspecs check-ignore'
_TOP: Final = f"""
find . -mindepth 1 -maxdepth 1 ! -name .git -print0 |
    {{ {_CHECK} --stdin -z || [ $? = 1 ]; }}
"""
# It gives up at a path that is in a submodule, say, and tells nothing of those behind it: these are
# asked about one by one, which takes a hundred times as long.
_AMONG: Final = f"""
one_by_one() {{
    while IFS= read -r -d '' one; do
        if {_CHECK} --quiet --no-index -- "$one" 2>/dev/null; then printf '%s\\0' "$one"; fi
    done <&"$GIVEN"
}}
{_CHECK} --stdin -z --no-index <"/proc/self/fd/$GIVEN" 2>/dev/null || [ $? = 1 ] || one_by_one "$@"
"""


async def top(git: Git) -> list[str]:
    """Return the names at the top that are ignored, with nothing tracked in them. Raises GitFailed."""
    return [path.removeprefix("./") for path in await git.pipeline(_TOP)]


async def among(git: Git, directories: Sequence[str]) -> set[str]:
    """Return those paths that would be ignored, were they directories. Raises GitFailed."""
    given = os.fsencode("".join(f"./{path}/\0" for path in directories))
    found = await git.pipeline(_AMONG, given) if directories else []
    return {path.removeprefix("./").removesuffix("/") for path in found}

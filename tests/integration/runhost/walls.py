"""A bubblewrap with one wall less: a real program in its place takes away what it is told to."""

import json
import os
from pathlib import Path

from pmrunnerd.services import sandbox

# What each wall is in the arguments of bubblewrap, as patterns of whole options.
WALLS = {
    "own processes": ("--unshare-pid",),
    "own network": ("--unshare-net",),
    "own users": ("--unshare-user",),
    "own session": ("--new-session",),
    "no capabilities": ("--cap-drop ALL",),
    "dies with its host": ("--die-with-parent",),
    "rules for the kernel": ("--seccomp *",),
    "settings covered": ("--ro-bind /proc/*",),
    "secrets covered": ("--ro-bind /dev/null *",),
    "a mount of its own": ("--bind * *",),
    "limits of memory": ("--size *",),
}

_PROGRAM = """\
#!/usr/bin/python3 -IS
import fnmatch, json, os, sys
PAIRS = {{"--setenv", "--bind", "--ro-bind", "--symlink"}}
WORDS = {{"--cap-drop", "--proc", "--dev", "--tmpfs", "--size", "--dir", "--remount-ro", "--chdir",
         "--seccomp", "--info-fd", "--args"}}
change = json.loads({change!r})
words, kept = sys.argv[1:], []
while words[0] != "--":
    size = 3 if words[0] in PAIRS else 2 if words[0] in WORDS else 1
    option, words = words[:size], words[size:]
    if option == ["--remount-ro", "/"]:
        kept += [word for path in change["shown"] for word in ("--bind", path, path)]
    if option[0] == "--ro-bind" and option[2] in change["writable"]:
        option[0] = "--bind"
    if option[0] == "--size" and change["size"]:
        option[1] = change["size"]
    if not any(fnmatch.fnmatchcase(" ".join(option), wall) for wall in change["without"]):
        kept += option
os.execv({bwrap!r}, [{bwrap!r}, *kept, *words])
"""


def weaker(
    directory: Path,
    *,
    without: tuple[str, ...] = (),
    shown: tuple[Path, ...] = (),
    writable: tuple[str, ...] = (),
    size: str = "",
) -> str:
    """Return a PATH whose bubblewrap lacks some walls.

    `without` are names of WALLS; `shown` are places that exist in there after all; `writable` are
    mounts that are not read-only after all; `size` is the limit of each place in memory.
    """
    bwrap = sandbox.find()
    assert bwrap is not None
    change = {
        "without": [pattern for name in without for pattern in WALLS[name]],
        "shown": [str(path) for path in shown],
        "writable": writable,
        "size": size,
    }
    directory.mkdir()
    program = directory / "bwrap"
    text = _PROGRAM.format(change=json.dumps(change), bwrap=bwrap)
    program.write_text(text)
    program.chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"

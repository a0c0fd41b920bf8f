"""The process of one command: it begins cheaply and ends at once.

`python -m pmrunnerctl` is the same as `pmrunnerctl`.
"""

import contextlib
import gc
import os
import sys


def main() -> None:
    """Run the command of this process and exit with its status."""
    # What an import makes stays. Looking through all of it for garbage, again and again, finds none.
    gc.disable()
    from pmrunnerctl.cli import run  # noqa: PLC0415 - only now does it cost less

    gc.freeze()
    gc.enable()
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        # Whoever read has gone, or has no room: that was the command's to say, and it did.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    # Taking two hundred modules apart one by one is an eighth of a `status`, and for nothing: no
    # thread, no temporary file and no buffer of ours is left.
    os._exit(status)


if __name__ == "__main__":
    main()

"""The process of one command: it begins cheaply and ends at once.

`python -m pmrunnerctl` is the same as `pmrunnerctl`.
"""

import contextlib
import gc
import os
import sys


def main() -> None:
    """Run the command of this process and exit with its status."""
    fill_closed_streams()
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


def fill_closed_streams() -> None:
    """Have all three standard streams; one that is closed leads to nowhere, as /dev/null does.

    The next file to be opened would take its number, a socket perhaps, and be written to by whoever
    means standard error.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)  # noqa: FBT003 - it takes no name
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


if __name__ == "__main__":
    main()

"""Build the house, open the doors, wait for a reason to leave, close the doors."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pmrunnerd import outlet
from pmrunnerd.model.errors import BadRequest, PmError
from pmrunnerd.model.invocation import from_anywhere
from pmrunnerd.options import Options, parse

log = logging.getLogger(__name__)

# What the service manager is told by our exit status; systemd/README.md has the table.
CANNOT_START = 1
BUG = 70
DISK_FAILED = 74
RESTART = 75
CONFIGURATION = 78
# How long whoever reads our standard error may take for what we said last, in seconds.
LAST_WORDS = 1.0


def main() -> None:
    """Run `pmrunnerd` as the command line says and exit with its status."""
    try:
        _main()
    except KeyboardInterrupt:
        # Before there is a loop that hears signals, nothing has begun that would have to be ended.
        # Whoever waits for us sees that it was the signal.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


def _main() -> None:
    try:
        options = parse(from_anywhere(sys.argv[1:], Path.cwd()), os.environ)
    except BadRequest as wrong:
        sys.stderr.write(explain(wrong))
        sys.exit(CONFIGURATION)
    if not options.detach:
        sys.exit(run(options))
    from pmrunnerd.detach import detach  # noqa: PLC0415 - the library costs 15 ms at every start

    sys.exit(detach(options, lambda report: run(options, report)))


def run(options: Options, told: Callable[[str], object] | None = None) -> int:
    """Run the daemon until it is told to leave; return its exit status.

    `told` is called with an empty text when the daemon is ready, and with what stopped it; where
    there is none, what stopped it is the last thing on standard error.
    """
    # What an import makes stays. Looking through it for garbage, now or later, finds none.
    gc.disable()
    # `--help` and a wrong option need none of this.
    import asyncio  # noqa: PLC0415

    from pmrunnerd.api.sockets import inherited  # noqa: PLC0415
    from pmrunnerd.house import House  # noqa: PLC0415
    from pmrunnerd.release import RELEASE  # noqa: PLC0415
    from pmrunnerd.services.host.choice import choose  # noqa: PLC0415
    from pmrunnerd.store.failures import StoreFailed, TooNew  # noqa: PLC0415
    from pmrunnerd.takeover import clear_the_way  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    held = inherited(os.environ)
    base = {"PMRUNNER_ENV": options.environment, "PMRUNNER_RELEASE": RELEASE}
    said = outlet.configure(os.environ, base)
    report = told or said.report
    status = 0
    try:
        if options.rehearsal is not None:
            from pmrunnerd.recalling import AS_IT_IS, recall  # noqa: PLC0415 - of a rehearsal alone

            recall(options.state_directory, options.rehearsal / AS_IT_IS)
        comes_back = True
        while comes_back:
            host = choose(options.host, options.environment, options.state_directory)
            clear_the_way(options.state_directory, host)
            house = House(options, held)
            try:
                asyncio.run(house.live(lambda: report(""), said))
            finally:
                house.close()
            comes_back = house.comes_back
            status = RESTART if house.restarts else 0
    except* StoreFailed as failures:
        status = DISK_FAILED
        report(explain(first(failures)))
    except* TooNew as newer:
        status = CONFIGURATION
        report(explain(first(newer)))
    except* PmError as errors:
        status = CANNOT_START
        report(explain(first(errors)))
    except* Exception as bugs:
        status = BUG
        log.critical("pmrunnerd dies of a bug", exc_info=bugs)
        report("pmrunnerd: cannot go on: this is a bug, and the log says where\n")
    finally:
        said.close(LAST_WORDS)
    return status


def first(group: BaseException) -> BaseException:
    """Return the first error in a group of groups."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def explain(wrong: BaseException) -> str:
    """Return an error as an operator reads it."""
    hint = getattr(wrong, "hint", None)
    return f"pmrunnerd: {wrong}\n" + (f"  hint: {hint}\n" if hint else "")


if __name__ == "__main__":
    main()

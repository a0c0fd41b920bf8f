"""`pmrunnerctl`: finds the verb, runs it, and ends honestly whatever happens."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.overview import OVERALL
from pmrunnerctl.session import Session

# The disk that standard output goes to: full, over quota, failing, or a file that is too large, or
# that is open for reading only.
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EBADF}
# What click says of a number that is none.
_NUMBERS: Final = {
    "is not a valid integer range": "is no whole number",
    "is not a valid float range": "is no number",
    "is not in the range": "is not",
}
# click writes help for no fewer columns than these.
_CLICK_NARROWEST: Final = 52


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status. Never raises."""
    session = Session()
    if instruction := os.environ.get("_PMRUNNERCTL_COMPLETE"):
        from pmrunnerctl.completion import answer  # noqa: PLC0415 - only a shell wants it

        return answer(instruction, session)
    session.json = "--json" in arguments  # errors in the command line itself are JSON too
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            return int(_run(session, arguments))
        except (Cannot, click.ClickException) as exc:
            error = exc if isinstance(exc, Cannot) else _misused(exc, arguments)
            sys.stdout.flush()
            session.complain(error)
            return int(error.exits)
        except KeyboardInterrupt:
            return int(_interrupted(session))
    except BrokenPipeError:
        # Whoever read has gone. Nothing more may be written, not even by the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.BROKEN_PIPE)
    except Exception as exc:  # noqa: BLE001 - people are never shown a traceback
        full = isinstance(exc, OSError) and exc.errno in _NO_ROOM
        return int(_unwritten(session, exc) if full else _bug(session, exc))
    finally:
        session.close()


def _run(session: Session, arguments: Sequence[str]) -> Exit:
    status = Exit.OK
    try:
        width = _help_width(session.out.columns)
        with OVERALL.make_context(
            "pmrunnerctl", list(arguments), obj=session, terminal_width=width
        ) as context:
            OVERALL.invoke(context)
    except click.exceptions.Exit as ended:
        status = Exit(ended.exit_code)
    sys.stdout.flush()
    return status


def _help_width(columns: int | None) -> int | None:
    """Return how wide help is on a terminal that is narrower than click thinks any is."""
    return columns - 2 if columns and columns < _CLICK_NARROWEST else None


def _misused(exc: click.ClickException, arguments: Sequence[str]) -> Cannot:
    context = getattr(exc, "ctx", None)
    path = context.command_path if context else "pmrunnerctl"
    hint = f"{path} -h"
    if isinstance(exc, click.NoSuchOption):
        hint = _for_the_daemon(path, exc.option_name, arguments) or hint
        near = _alike(exc.option_name, exc.possibilities or ())
        exc = click.NoSuchOption(exc.option_name, possibilities=near, ctx=exc.ctx)
    why = " ".join(exc.format_message().split()).rstrip(".")
    for theirs, ours in _NUMBERS.items():
        why = why.replace(theirs, ours)
    return misused(
        f"cannot understand this command: {why[:1].lower()}{why[1:]}",
        hint=hint,
    )


def _alike(option: str, others: Sequence[str]) -> list[str]:
    """Return the options that may have been meant: what all begin with says nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    near = get_close_matches(option.strip("-"), [other.strip("-") for other in others])
    return [other for other in others if other.strip("-") in near]


def _for_the_daemon(path: str, option: str, arguments: Sequence[str]) -> str:
    """Return the command that hands an option on to the daemon; empty where that cannot be meant."""
    if path != "pmrunnerctl start":
        return ""
    import shlex  # noqa: PLC0415 - as above

    at = next((n for n, word in enumerate(arguments) if word.partition("=")[0] == option), 0)
    return shlex.join(["pmrunnerctl", *arguments[:at], "--", *arguments[at:]]) if at else ""


def _interrupted(session: Session) -> Exit:
    changing = session.client.unanswered if "client" in vars(session) else ""
    session.err.line()
    if changing:
        session.err.line(f"pmrunnerctl: stopped before the answer: {changing} may have happened")
    else:
        session.err.line("pmrunnerctl: stopped; what the runner does goes on")
    return Exit.INTERRUPTED


def _unwritten(session: Session, exc: Exception) -> Exit:
    """Say that what was printed found no room; the rest of it shall not be tried again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    why = os.strerror(getattr(exc, "errno", 0)).lower()
    what = "cannot write to standard output"
    session.complain(Cannot(f"{what}: {why}", exits=Exit.UNWRITTEN, code="unwritten"))
    return Exit.UNWRITTEN


def _bug(session: Session, exc: Exception) -> Exit:
    if os.environ.get("PMRUNNER_DEBUG"):
        import traceback  # noqa: PLC0415 - only who asks for it pays for it

        traceback.print_exception(exc)
    session.complain(
        Cannot(
            f"cannot go on: this is a bug in pmrunnerctl ({type(exc).__name__}: {exc})",
            exits=Exit.BUG,
            code="bug",
            hint="the same command with PMRUNNER_DEBUG=1 shows where",
        )
    )
    return Exit.BUG

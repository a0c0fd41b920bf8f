"""Programs of the machine by which root has users, directories and units made."""

import subprocess

from pmrunnerctl.exits import Cannot, Exit


def work(*argv: str) -> None:
    """Run one to its end. Raises Cannot with what it said if it fails."""
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except OSError as exc:
        raise _failed(argv, exc.strerror or str(exc)) from exc
    if done.returncode:
        raise _failed(argv, done.stderr.strip() or f"it ended with status {done.returncode}")


def answer(*argv: str) -> str:
    """Return what one prints; nothing where it is not there."""
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


def complaint(*argv: str) -> str:
    """Return what one says that ends badly, or why it did not begin; nothing where it ends well."""
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except OSError as exc:
        return f"cannot start {argv[0]}: {exc.strerror}"
    return done.stderr.strip() or f"status {done.returncode}" if done.returncode else ""


def _failed(argv: tuple[str, ...], why: str) -> Cannot:
    return Cannot(
        f"cannot do {' '.join(argv)}: {why}", exits=Exit.ENDED_BADLY, code="ended-badly", hint=""
    )

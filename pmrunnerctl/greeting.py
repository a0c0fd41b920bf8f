"""Checks that who answers speaks our language, and is the daemon that was meant."""

from pmrunnerctl.exits import Stranger, unreachable
from pmrunnerctl.where import Place
from pmrunnerd import __version__
from pmrunnerd.model.frames import VERSION, Hello


def check(hello: Hello, place: Place) -> None:
    """Raise Cannot where a daemon's hello shows that we cannot talk, or not to this one."""
    if hello.lowest > VERSION or hello.highest < VERSION:
        older = "this pmrunnerctl" if hello.lowest > VERSION else "that pmrunnerd"
        raise unreachable(
            f"cannot talk to pmrunnerd {hello.release} at {place.socket}: it speaks protocol"
            f" {_range(hello)}, pmrunnerctl {__version__} speaks {VERSION}",
            hint=f"{older} is the older one: use the release of the other",
        )
    wanted = place.environment
    if wanted and hello.environment and wanted != hello.environment:
        raise Stranger(
            f"cannot reach environment {wanted}: {place.socket} is environment {hello.environment}",
            hint=f"pmrunnerctl --socket '{place.socket}' --env {hello.environment} status",
        )


def _range(hello: Hello) -> str:
    if hello.lowest == hello.highest:
        return str(hello.lowest)
    return f"{hello.lowest} to {hello.highest}"

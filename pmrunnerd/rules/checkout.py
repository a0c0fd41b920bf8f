"""Where a project that is this runner itself may be: in the one tree in which an agent may write of it."""

from pathlib import PurePosixPath
from typing import Final

from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.errors import Refused

DEV: Final = PurePosixPath("/opt/pm-runner/dev")
SOURCE: Final = DEV / "src"


def taken(path: str, kind: ProjectType) -> str:
    """Return the directory that is meant: of dev's tree, the checkout in it."""
    means_dev = kind is ProjectType.RUNNER_DEV and PurePosixPath(path) == DEV
    return str(SOURCE) if means_dev else path


def check(alias: str, path: str, kind: ProjectType, *, installed: bool) -> None:
    """Refuse a project that is this runner anywhere but in dev; raises Refused.

    Where nothing is `installed` there is no other runner that it could endanger, and any path will do.
    """
    if kind is not ProjectType.RUNNER_DEV or not installed or PurePosixPath(path) == SOURCE:
        return
    raise Refused(
        f"cannot have {path} as a runner-dev project: an installed runner is changed in {SOURCE} alone",
        hint=f"pmrunnerctl project add {alias} {DEV} --type {ProjectType.RUNNER_DEV}",
    )

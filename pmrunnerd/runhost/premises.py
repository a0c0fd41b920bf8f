"""Where a run works, and what nobody in there may see."""

from pathlib import Path

from pmrunnerd.model.spec import Spec
from pmrunnerd.services import credentials
from pmrunnerd.services.holding import Held
from pmrunnerd.services.workspace import closed


def workspace(spec: Spec) -> Path:
    """Return the directory that a run works in. Raises Held where it is not what it was."""
    path = Path(spec.workspace)
    try:
        real = path.resolve()
    except (OSError, RuntimeError) as exc:  # a circle of links
        raise Held(f"cannot work in {path}: {exc}") from exc
    if real != path:
        # What was registered and checked is the directory that had this name, not what has it now.
        raise Held(f"cannot work in {path}: it is a link now: {real}")
    if not path.is_dir():
        raise Held(f"cannot work in {path}: it is not there")
    if problem := closed(path)[0]:
        raise Held(f"cannot work in {path}: {problem}")
    return path


def private(directory: Path) -> tuple[Path, ...]:
    """Return what no agent may see: the state directory, or whatever run directories lie in."""
    runs = directory.resolve().parent
    return (runs.parent if runs.name == "runs" else runs,)


def logins(directory: Path, spec: Spec) -> Path:
    """Return where the logins of agents are: where the spec says, or else in the state."""
    if spec.logins:
        return Path(spec.logins)
    (state,) = private(directory)
    return credentials.place(state)

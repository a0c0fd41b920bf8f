"""What an agent's commands find in their environment: nothing but what is listed here."""

from pmrunnerd.model.spec import Spec
from pmrunnerd.services import process
from pmrunnerd.services.agents import asking, pm_ask
from pmrunnerd.services.cell import Cell
from pmrunnerd.services.git import identity
from pmrunnerd.services.leftovers import VARIABLE


def environment(spec: Spec, cell: Cell, path: str) -> dict[str, str]:
    """Return the variables of a run's commands. `path` counts only where nothing confines them."""
    return {
        "PATH": f"{cell.inside(asking.PROGRAMS)}:{process.PATH if cell.confined else path}",
        "HOME": cell.inside("home"),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": "/tmp" if cell.confined else cell.inside("home"),  # noqa: S108
        pm_ask.VARIABLE: cell.inside(asking.SOCKET),
        VARIABLE: spec.run,
        "PM_RUNNER_TASK": spec.task,
        "PM_RUNNER_PROJECT": spec.project,
        **identity(spec.run),
    }

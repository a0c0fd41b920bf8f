"""An agent of the Agent Client Protocol, as the run host knows it."""

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import acpprogram
from pmrunnerd.services.agents.protocol import Job, Report, Verdict


class Acp:
    """Works on a task by a program that an operator chose, in a session where that keeps one.

    It makes no plans: nothing in the protocol holds an answer to a form.
    """

    name = "acp"
    replays = False
    plans = False
    needs_login = False

    async def work(self, job: Job, report: Report) -> Verdict:
        """Have the program work until it is done, asks, or meets a limit. Raises as `worker.work`."""
        try:
            from pmrunnerd.services.agents.acp.worker import (  # noqa: PLC0415 - it imports the library
                work,
            )
        except ImportError as exc:
            if (exc.name or "").startswith("pmrunnerd"):
                raise
            raise Refused(
                f"cannot use agent acp: agent-client-protocol is not installed ({exc})",
                hint=acpprogram.INSTALL,
            ) from exc
        return await work(job, report)

"""Claude Code, as the run host knows it; the SDK is imported when there is work for it."""

from pmrunnerd.model.errors import Refused
from pmrunnerd.services import claudecode
from pmrunnerd.services.agents.claude import lean
from pmrunnerd.services.agents.protocol import Job, Report, Verdict


class Claude:
    """Works on a task in a session of its own, which later runs of the task resume."""

    name = "claude"
    replays = False
    plans = True
    needs_login = True

    async def work(self, job: Job, report: Report) -> Verdict:
        """Have Claude Code work until it is done, asks, or meets a limit. Raises Refused without the SDK."""
        lean.without_mcp()
        try:
            from pmrunnerd.services.agents.claude.worker import (  # noqa: PLC0415 - it imports the SDK
                work,
            )
        except ImportError as exc:
            if (exc.name or "").startswith("pmrunnerd"):
                raise
            raise Refused(
                f"cannot start Claude Code: it is not installed ({exc})", hint=claudecode.INSTALL
            ) from exc
        return await work(job, report)

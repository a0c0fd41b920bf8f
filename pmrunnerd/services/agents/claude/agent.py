"""Claude Code, as the run host knows it; the SDK is imported when there is work for it."""

from pmrunnerd.services.agents.claude import lean
from pmrunnerd.services.agents.protocol import Job, Report, Verdict


class Claude:
    """Works on a task in a session of its own, which later runs of the task resume."""

    name = "claude"
    replays = False
    plans = True
    needs_login = True

    async def work(self, job: Job, report: Report) -> Verdict:
        """Have Claude Code work until it is done, asks, or meets a limit."""
        lean.without_mcp()
        from pmrunnerd.services.agents.claude.worker import work  # noqa: PLC0415 - it imports the SDK

        return await work(job, report)

"""How the CLI is started: its options, its environment, and what it may reach.

Nothing of a repository's `.claude` or of the person's own configuration is loaded. The commands
that the model runs are in a sandbox of the CLI's own, inside ours, with no network but a loopback
of their own; the CLI itself has the machine's, to reach its model.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from claude_agent_sdk import ClaudeAgentOptions
from claude_agent_sdk._internal.transport.subprocess_cli import SubprocessCLITransport
from msgspec import Struct

from pmrunnerd.model.entities import TaskKind
from pmrunnerd.model.errors import Refused
from pmrunnerd.model.spec import Means, Spec
from pmrunnerd.services import claudecode, process, stubs
from pmrunnerd.services.agents import pm_ask
from pmrunnerd.services.agents.claude import results
from pmrunnerd.services.agents.claude.asked import TOOL
from pmrunnerd.services.agents.claude.questions import Questions
from pmrunnerd.services.agents.protocol import Job
from pmrunnerd.services.agents.speaking import LONGEST
from pmrunnerd.services.cell import Reach
from pmrunnerd.services.sandbox import AGENT, HOME, SESSION

PLANNER: Final = ("Read", "Grep", "Glob", TOOL)
WORKER: Final = (*PLANNER, "Bash", "Edit", "Write", "TodoWrite", "WebFetch")
_SANDBOX: Final[dict[str, Any]] = {
    "enabled": True,
    "failIfUnavailable": True,
    "allowUnsandboxedCommands": False,
    "autoAllowBashIfSandboxed": True,
    # Ours stands around it, and has its own /proc: a second one cannot be mounted over its covers.
    "enableWeakerNestedSandbox": True,
}
# It allows itself some of what it keeps for itself, and asks nobody: what it remembers, its plans,
# what it said. So it is told by rule that there is nothing to be read or written there.
FORBIDDEN: Final = (f"Read(/{SESSION}/**)", f"Edit(/{SESSION}/**)")
_SECRETS: Final = {
    "ANTHROPIC_API_KEY": "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_CODE_OAUTH_TOKEN": "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR",
}
_ENVIRONMENT: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    # Who is refused again and again waits as a task that is queued, and not as a run.
    "CLAUDE_CODE_MAX_RETRIES": "2",
    # With it, it says how long a long wait is, which it would not begin else; `provider` ends it.
    "CLAUDE_CODE_RETRY_WATCHDOG": "1",
    "CLAUDE_CONFIG_DIR": SESSION,
    "XDG_CONFIG_HOME": f"{AGENT}/{stubs.CONFIGURATION}",
    "HOME": HOME,
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "CLAUDE_CODE_TMPDIR": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


class Launch(Struct, frozen=True):
    """All that a conversation is started with."""

    options: ClaudeAgentOptions
    argv: tuple[str, ...]
    environment: dict[str, str]
    reach: Reach


def launch(job: Job, session: Path, questions: Questions, *, resumes: bool) -> Launch:
    """Return how to start the CLI for a job. Raises Refused where it is not there."""
    given = options(job.spec, questions, resumes=resumes)
    return Launch(
        options=given,
        argv=argv(given),
        environment=environment(job.spec.means, job.environment),
        reach=reach(session, cli(job.spec.means), job.secret),
    )


def cli(means: Means) -> Path:
    """Return the CLI: the one that was named, or what the SDK brings. Raises Refused."""
    found = claudecode.program(means.cli)
    if found is None:
        what = f"{means.cli} is not there" if means.cli else "the SDK has brought none"
        raise Refused(
            f"cannot start Claude Code: {what}",
            hint="pmrunnerctl doctor --agent claude",
        )
    return found


def check() -> None:
    """Raise Refused where the CLI could not confine the commands that the model runs."""
    for name in claudecode.missing():
        raise Refused(
            f"cannot start Claude Code: {name} is not installed, which confines its commands",
            hint=f"sudo apt-get install {claudecode.PROGRAMS[name]}",
        )


def options(spec: Spec, questions: Questions, *, resumes: bool) -> ClaudeAgentOptions:
    """Return the options of a run; the same ones on every resume."""
    means = spec.means
    return ClaudeAgentOptions(
        cli_path=str(cli(means)),
        disallowed_tools=list(FORBIDDEN),
        tools=list(PLANNER if spec.kind is TaskKind.PLANNING else WORKER),
        permission_mode="acceptEdits",
        setting_sources=[],
        strict_mcp_config=True,
        can_use_tool=questions.permit,
        hooks=questions.hooks(),  # type: ignore[arg-type]
        sandbox=_SANDBOX,  # type: ignore[arg-type]
        system_prompt={"type": "preset", "preset": "claude_code"},
        output_format=results.schema(spec.kind),
        max_buffer_size=LONGEST,
        model=means.model or None,
        max_turns=means.turns or None,
        # What the CLI counts is all that the session has cost.
        max_budget_usd=means.spent + means.budget.left if means.budget else None,
        resume=spec.session if resumes else None,
        session_id=None if resumes else spec.session,
    )


def argv(given: ClaudeAgentOptions) -> tuple[str, ...]:
    """Return the words that start the CLI so: those that the SDK would use."""
    asked = replace(given, permission_prompt_tool_name="stdio")
    transport = SubprocessCLITransport(prompt="", options=asked)
    return tuple(transport._build_command())  # noqa: SLF001 - nothing public says them


def environment(means: Means, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the CLI, which what it runs gets as well: so nothing of it is secret.

    `given` are those of every command of the run.
    """
    kept = {name: value for name, value in given.items() if name != pm_ask.VARIABLE}
    return {**kept, **means.environment, "PATH": process.PATH, **_ENVIRONMENT}


def reach(session: Path, program: Path, secret: Mapping[str, str]) -> Reach:
    """Return what the CLI may do beyond what our sandbox allows to others.

    `secret` is by what it is known to its provider: `ANTHROPIC_API_KEY` or
    `CLAUDE_CODE_OAUTH_TOKEN`. It reads them from open files, which what it runs does not get.
    """
    files = tuple((_SECRETS[name], value) for name, value in secret.items())
    return Reach(
        network=True, shown=(program,), kept=session, talks=True, nests=True, secrets=files
    )

"""How the CLI is started: its options, its environment, and what it may reach.

Nothing of a repository's `.claude` or of the person's own configuration is loaded. The commands
that the model runs are in a sandbox of the CLI's own, inside ours, with no network but a loopback
of their own; the CLI itself has the machine's, to reach its model.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import claude_agent_sdk
from claude_agent_sdk import ClaudeAgentOptions
from claude_agent_sdk._internal.transport.subprocess_cli import SubprocessCLITransport

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.progress import Spec
from pmrunnerd.services import process
from pmrunnerd.services.agents.claude.questions import TOOL, Questions
from pmrunnerd.services.agents.claude.transport import LONGEST
from pmrunnerd.services.cell import Reach
from pmrunnerd.services.sandbox import HOME, SESSION

WORKER: Final = ("Bash", "Read", "Edit", "Write", "Grep", "Glob", TOOL)
_NEEDED: Final = ("bwrap", "socat")
_SANDBOX: Final[dict[str, Any]] = {
    "enabled": True,
    "failIfUnavailable": True,
    "allowUnsandboxedCommands": False,
    "autoAllowBashIfSandboxed": True,
    # Ours stands around it, and has its own /proc: a second one cannot be mounted over its covers.
    "enableWeakerNestedSandbox": True,
}
_ENVIRONMENT: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    "CLAUDE_CONFIG_DIR": SESSION,
    "HOME": HOME,
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
    "CLAUDE_CODE_TMPDIR": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


def cli() -> Path:
    """Return the CLI that the SDK brings. Raises Refused."""
    found = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
    if not found.exists():
        raise Refused(
            f"cannot start Claude Code: {found} is not there",
            hint="pip install 'pm-runner[claude]'",
        )
    return found


def check() -> None:
    """Raise Refused where the CLI could not confine the commands that the model runs."""
    for name in _NEEDED:
        if shutil.which(name, path=process.PATH) is None:
            raise Refused(
                f"cannot start Claude Code: {name} is not installed, which confines its commands",
                hint=f"apt-get install {'bubblewrap' if name == 'bwrap' else name}",
            )


def options(spec: Spec, questions: Questions, *, resumes: bool) -> ClaudeAgentOptions:
    """Return the options of a run; the same ones on every resume."""
    return ClaudeAgentOptions(
        cli_path=str(cli()),
        tools=list(WORKER),
        permission_mode="acceptEdits",
        setting_sources=[],
        strict_mcp_config=True,
        can_use_tool=questions.permit,
        hooks=questions.hooks(),  # type: ignore[arg-type]
        sandbox=_SANDBOX,  # type: ignore[arg-type]
        system_prompt={"type": "preset", "preset": "claude_code"},
        max_buffer_size=LONGEST,
        **({"resume": spec.session} if resumes else {"session_id": spec.session}),
    )


def argv(given: ClaudeAgentOptions) -> list[str]:
    """Return the words that start the CLI so: those that the SDK would use."""
    asked = replace(given, permission_prompt_tool_name="stdio")
    return SubprocessCLITransport(prompt="", options=asked)._build_command()  # noqa: SLF001


def environment(secret: Mapping[str, str]) -> dict[str, str]:
    """Return all variables of the CLI; what it runs itself does not get what is secret."""
    return {"PATH": process.PATH, **_ENVIRONMENT, **secret}


def reach(session: Path) -> Reach:
    """Return what the CLI may do beyond what our sandbox allows to others."""
    return Reach(network=True, shown=(cli(),), kept=session, talks=True, nests=True)

"""`completion`: has a shell complete verbs, options and names; and answers it when it asks."""

import contextlib
import io
import signal
from typing import Final

import click

from pmrunnerctl.exits import Cannot
from pmrunnerctl.session import Session
from pmrunnerctl.verbs import verb

# Where a shell says, in the environment, what it wants to know.
VARIABLE: Final = "_PMRUNNERCTL_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish")
WITHIN: Final = 2


@verb(
    "completion",
    click.argument("shell", type=click.Choice(SHELLS)),
    summary="Print what has a shell complete verbs, options and names.",
    what="Names of projects, plans, tasks, runs and open questions are asked of the daemon, if it"
    " answers at once. Nothing is installed: put the output where your shell reads it, or for this bash"
    " alone: source <(pmrunnerctl completion bash).",
    example="pmrunnerctl completion bash | install -Dm644 /dev/stdin"
    " ~/.local/share/bash-completion/completions/pmrunnerctl\n"
    "pmrunnerctl completion zsh | install -Dm644 /dev/stdin ~/.zfunc/_pmrunnerctl\n"
    "pmrunnerctl completion fish | install -Dm644 /dev/stdin ~/.config/fish/completions/pmrunnerctl.fish",
)
def completion(session: Session, shell: str) -> None:
    session.out.raw(script(shell).rstrip("\n") + "\n")


def script(shell: str) -> str:
    """Return what a shell has to read."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - 5 ms, rarely wanted

    from pmrunnerctl.overview import OVERALL  # noqa: PLC0415 - it imports us

    made = get_completion_class(shell)
    assert made is not None, shell
    # It starts a bash to ask for its version, and says what it thinks of it.
    with contextlib.redirect_stderr(io.StringIO()):
        return made(OVERALL, {}, "pmrunnerctl", VARIABLE).source()


def answer(instruction: str, session: Session) -> int:
    """Answer a shell that asks what can be typed next; return the exit status."""
    from click.shell_completion import shell_complete  # noqa: PLC0415 - as above

    from pmrunnerctl.overview import OVERALL  # noqa: PLC0415 - as above

    # Somebody is typing: who does not answer in time is ended, and nothing is completed.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WITHIN)
    # A command line in the making may make no sense yet, which is nothing to be said into it.
    with contextlib.suppress(Cannot, click.ClickException):
        shell_complete(OVERALL, {"obj": session}, "pmrunnerctl", VARIABLE, instruction)
    return 0

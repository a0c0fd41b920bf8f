"""The first word: every verb there is, grouped by what people want, imported when it is said."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click

from pmrunnerctl.exits import misused
from pmrunnerctl.verbs import Verb, everywhere
from pmrunnerd import __version__

# What people want, and the verbs for it. A first word lives in the module beside it in ROOMS.
OVERVIEW: Final = {
    "Talk": ("chat send", "chat follow", "chat history", "inbox", "answer"),
    "Look": (
        *("status", "project list", "project show", "plan list", "plan show", "task list"),
        *(
            "task show",
            "run list",
            "run show",
            "run logs",
            "gate list",
            "gate show",
            "gate log",
            "gate weaker",
            "events",
        ),
    ),
    "Steer": (
        *("project add", "project set", "project remove", "plan approve", "plan reject"),
        "plan edit",
        *("task cancel", "task retry", "run cancel", "run resume", "run prune"),
        *("evidence write", "evidence check"),
        *("agent login", "agent logout", "agent show"),
        *("gate run", "gate prepare", "gate seen", "gate cancel"),
        *("gate attest", "gate accept"),
    ),
    "Release": (
        *("promote", "rollback", "try", "promotion list", "promotion show", "promotion seen"),
        *("release list", "release show", "release build", "release prune", "prove"),
    ),
    "Run the daemon": (
        *(
            "start",
            "stop",
            "restart",
            "reload",
            "drain",
            "doctor",
            "notify test",
            "logs",
            "version",
            "completion",
        ),
        *("env add", "env list"),
        *("state backup", "state restore", "state verify", "state repair"),
    ),
}
ROOMS: Final = {"answer": "inbox", "restart": "start", "try": "attempt"}
# A word that Python keeps for itself is called otherwise there.
CALLED: Final = {"try": "attempt"}
VERBS: Final = tuple(words for row in OVERVIEW.values() for words in row)
_WIDEST: Final = max(map(len, VERBS))
WORDS: Final = tuple(dict.fromkeys(words.partition(" ")[0] for words in VERBS))


class Overview(click.Group):
    """The first word. Each noun's module is imported when somebody says it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the first words, in the order of the overview."""
        del ctx
        return list(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a noun, or a verb that stands alone."""
        del ctx
        if cmd_name not in WORDS:
            return None
        module = import_module(f"pmrunnerctl.{ROOMS.get(cmd_name, cmd_name)}")
        found: click.Command = getattr(module, CALLED.get(cmd_name, cmd_name))
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Point to the verb that may have been meant."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            raise misused(
                f"cannot understand this command: no such command {args[0]!r}",
                hint=" ".join(["pmrunnerctl", *meant(args), "-h"]),
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every verb and its summary, grouped by what people want."""
        for title, verbs in OVERVIEW.items():
            formatter.write(f"\n{title}\n")
            with formatter.indentation():
                formatter.write_dl(
                    [
                        (f"{words:<{_WIDEST}}", self.verb(ctx, words).get_short_help_str(90))
                        for words in verbs
                    ]
                )
        formatter.write("\nIn full: pmrunnerctl chat send -h\n")

    def verb(self, ctx: click.Context, words: str) -> Verb:
        """Return a verb by all its words."""
        command: Any = self
        for word in words.split():
            command = command.get_command(ctx, word)
        if not isinstance(command, Verb):
            raise TypeError(words)
        return command


def meant(words: Sequence[str]) -> list[str]:
    """Return the verb that somebody may mean who begins with what is no first word; or nothing."""
    swapped = " ".join(word.removesuffix("s") for word in reversed(words[:2]))
    if swapped in VERBS:
        return [swapped]
    alone = [verb for verb in VERBS if verb.endswith(f" {words[0]}")]
    if len(alone) == 1:
        return alone
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    return get_close_matches(words[0], WORDS, n=1)


def _without_a_verb(ctx: click.Context, *, version: bool) -> None:
    if version:
        click.echo(f"pmrunnerctl {__version__}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


OVERALL: Final = Overview(
    "pmrunnerctl",
    params=[
        *everywhere(hidden=False),
        click.Option(["--version"], is_flag=True, help="Show the version of this client."),
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Talk to pm-runner: send work, answer its questions, see what it does.",
    invoke_without_command=True,
    callback=click.pass_context(_without_a_verb),
)

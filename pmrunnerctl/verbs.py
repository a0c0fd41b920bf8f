"""How verbs are declared: summary from the table of commands, the rest beside the code.

Help is for the second minute: what it does, what happens and what does not, an example, and what
to type next.
"""

from collections.abc import Callable, Set
from pathlib import Path
from typing import Any, Final

import click

from pmrunnerctl.exits import misused
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p

EVERYWHERE: Final = "Always: --env NAME, --socket PATH, --json; before the verb --wait SECONDS."


class Verb(click.Command):
    """One verb. `words` is what people type, `example` and `then` are whole commands."""

    def __init__(self, *, words: str, example: str, then: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.words = words
        self.example = example
        self.then = then
        own = {name for param in self.params for name in param.opts}
        self.params += everywhere(hidden=True, taken=own)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what comes after the options."""
        del ctx
        formatter.write_paragraph()
        rows = [("Example:", self.example), *([("Next:", self.then)] if self.then else [])]
        with formatter.indentation():
            for name, command in rows:
                for line in command.splitlines():
                    formatter.write(f"  {name:<9}{line}\n")
                    name = ""  # noqa: PLW2901 - only the first line is named
            formatter.write_paragraph()
            formatter.write_text(EVERYWHERE)


class Noun(click.Group):
    """The verbs of one noun."""

    def __init__(self, name: str, *verbs: Verb, about: str) -> None:
        super().__init__(name, help=about, commands=verbs, no_args_is_help=False)
        self.params += everywhere(hidden=True)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say which verbs there are where none is given."""
        rest = super().parse_args(ctx, args)
        # A shell that completes the verb comes by here, too.
        if not (ctx.resilient_parsing or rest or ctx.args or ctx._protected_args):  # noqa: SLF001 - click has no other
            raise misused(
                f"cannot do {self.name}: it needs a verb: {', '.join(self.commands)}",
                hint=f"pmrunnerctl {self.name} -h",
            )
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which verbs there are where another is given."""
        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            ctx.fail(f"no such command {args[0]!r}: {self.name} has {', '.join(self.commands)}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Keep them in the order of their declaration."""
        del ctx
        return list(self.commands)


def verb(
    words: str,
    *options: Callable[[Any], Any],
    what: str,
    example: str,
    then: str = "",
    summary: str = "",
) -> Callable[[Callable[..., None]], Verb]:
    """Make a function a verb; it gets the Session and its arguments.

    `words` is a name of `COMMANDS`, whose summary it takes, or a verb of the client alone.
    """
    row = p.BY_NAME.get(words)
    first = (row.summary if row else summary).replace("`", "")

    def made(function: Callable[..., None]) -> Verb:
        for option in reversed(options):
            function = option(function)
        params = list(reversed(getattr(function, "__click_params__", [])))
        return Verb(
            name=words.rpartition(" ")[2],
            words=words,
            callback=click.pass_obj(function),
            params=params,
            help=f"{first}\n\n{what}",
            short_help=first,
            example=example,
            then=then,
        )

    return made


def everywhere(*, hidden: bool, taken: Set[str] = frozenset()) -> list[click.Parameter]:
    """Return the options that are taken before the verb and after it.

    `taken` are names that mean something else after a verb, such as `chat send --wait`.
    """

    def option(*names: str, text: str, **rest: Any) -> click.Option:
        free = [name for name in names if name not in taken]
        return click.Option(
            free, help=text, hidden=hidden, expose_value=False, callback=_remember, **rest
        )

    return [
        option("--env", metavar="NAME", text="Environment, such as prod [$PMRUNNER_ENV]."),
        option(
            "--socket",
            metavar="PATH",
            # What we may not read is for the connection to say.
            type=NamedPath(path_type=Path, readable=False),
            text="Control socket of the daemon [$PMRUNNER_SOCKET].",
        ),
        option("--json", is_flag=True, default=None, text="Print lines of JSON, errors too."),
        option(
            "--wait",
            "--patience",
            "patience",
            metavar="SECONDS",
            type=Seconds(min=0, max=86400),
            text="How long to wait for a daemon that is away or restarts (5).",
        ),
    ]


def remember_state(context: click.Context, parameter: click.Parameter, value: Path | None) -> Any:
    """Keep the state directory that is meant: what is said to come next is about it, too."""
    _remember(context, parameter, value.absolute() if value is not None else None)
    return value


class Whole(click.IntRange):
    """A whole number between bounds that are told in words."""

    def _describe_range(self) -> str:
        return _bounds(self.min, self.max)


class Seconds(click.FloatRange):
    """A number of seconds between bounds that are told in words."""

    def _describe_range(self) -> str:
        return _bounds(self.min, self.max)


def _bounds(least: float | None, most: float | None) -> str:
    return f"{least} or more" if most is None else f"from {least} to {most}"


class NamedPath(click.Path):
    """A path that has a name: an empty one is a variable that was not set, and not where we are."""

    def convert(self, value: Any, param: Any, ctx: click.Context | None) -> Any:
        """Refuse an empty path."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value == "":
        raise click.BadParameter("it is empty", context, parameter)
    session = context.find_object(Session)
    if session is not None and value is not None and parameter.name is not None:
        setattr(session, parameter.name, value)

"""The man pages, drawn from what they are about: options, verbs, settings, and the page of systemd/."""

from pathlib import Path

import click
import roff

from pmrunnerctl import exits
from pmrunnerctl.overview import OVERALL, OVERVIEW
from pmrunnerctl.verbs import Verb
from pmrunnerd import __version__, options
from pmrunnerd.model import settings

# What whoever has installed the package types first.
FIRST = (
    "sudo systemctl enable --now pm-runner@prod",
    "sudo usermod -aG pm-runner,systemd-journal $USER   # and log in again",
    "pmrunnerctl status",
    "sudo -u pm-agent git clone URL /srv/pm-runner/projects/cake",
    "pmrunnerctl project add cake /srv/pm-runner/projects/cake",
    "pmrunnerctl doctor   # where something is wrong",
)
# A page of systemd/ is two of the manual: what is between these headings is about the configuration.
SETTINGS = "## Settings"
PAGES = {
    "pm-runner.8": "run coding agents on this server, and talk to them",
    "pmrunnerd.8": "the daemon of pm-runner",
    "pmrunnerctl.1": "talk to pm-runner: send work, answer its questions, see what it does",
    "pm-runner.toml.5": "the configuration of an environment of pm-runner",
    "pm-runner@.service.8": "pm-runner as systemd runs it",
}


def see_also(page: str) -> str:
    """Return the names of all the other pages."""
    others = [name.rpartition(".") for name in PAGES if name != page]
    return (
        roff.heading("See also")
        + ",\n".join(f"{roff.bold(name)}({section})" for name, _, section in others)
        + "\n"
    )


def begin(page: str) -> str:
    name, _, section = page.rpartition(".")
    return roff.title(name, int(section), __version__, PAGES[page])


def whole(readme: str) -> str:
    """Return the page that whoever knows no other name looks for: what it is, and how it begins."""
    about = readme.partition("\n## ")[0].partition("\n")[2]
    parts = [begin("pm-runner.8"), roff.heading("Description"), roff.page(about)]
    parts += [roff.heading("Example"), roff.literal(FIRST)]
    return "".join([*parts, see_also("pm-runner.8")])


def pmrunnerd(units: str) -> str:
    """Return the page of the daemon, from the command line itself and the table of how it ends."""
    parser = options.command_line()
    parts = [
        begin("pmrunnerd.8"),
        roff.heading("Synopsis"),
        f"{roff.bold('pmrunnerd')} [OPTION]...\n",
    ]
    parts += [roff.heading("Description"), roff.page(options.ABOUT), roff.heading("Options")]
    for action in parser._actions:  # noqa: SLF001 - argparse shows them nowhere else
        if not action.option_strings or action.option_strings == ["-h", "--help"]:
            continue
        metavar = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        term = ", ".join(roff.bold(name) for name in action.option_strings)
        parts.append(
            roff.item(term + roff.plain(metavar), (action.help or "") % {"prog": parser.prog})
        )
    parts += [roff.heading("Exit status"), roff.page(statuses(units))]
    parts += [roff.heading("Example"), roff.literal([options.EXAMPLE.partition(": ")[2]])]
    return "".join([*parts, see_also("pmrunnerd.8")])


def statuses(units: str) -> str:
    """Return the table of exit statuses from the page of systemd/."""
    lines = units.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("| exit status"))
    last = next(n for n in range(first, len(lines)) if not lines[n].startswith("|"))
    return "\n".join(lines[first:last])


def pmrunnerctl(_: str) -> str:
    """Return the page of the client: every verb as its own help has it."""
    whole = click.Context(OVERALL, info_name="pmrunnerctl")
    parts = [begin("pmrunnerctl.1"), roff.heading("Synopsis")]
    parts += [f"{roff.bold('pmrunnerctl')} [OPTION]... VERB [OPTION]... [ARGUMENT]...\n"]
    parts += [roff.heading("Description"), roff.page(OVERALL.help or "")]
    parts += [
        ".PP\nInstalled by the package, it means environment prod where nothing names another.\n"
    ]
    parts += [roff.heading("Options"), *parameters(OVERALL, whole)]
    for name, verbs in OVERVIEW.items():
        parts.append(roff.heading(name))
        for words in verbs:
            parts += about(OVERALL.verb(whole, words), whole)
    parts.append(roff.heading("Exit status"))
    parts += [
        roff.item(roff.bold(str(int(status))), said) for status, said in exits.MEANINGS.items()
    ]
    return "".join([*parts, see_also("pmrunnerctl.1")])


def about(verb: Verb, whole: click.Context) -> list[str]:
    """Return what a verb is called with, what it does, and an example."""
    context = click.Context(verb, info_name=verb.words, parent=whole)
    usage = " ".join(verb.collect_usage_pieces(context))
    parts = [f'.SS "pmrunnerctl {roff.plain(verb.words)} {roff.plain(usage)}"\n']
    parts += [
        f".PP\n{roff.inline(' '.join(text.split()))}\n" for text in (verb.help or "").split("\n\n")
    ]
    parts += parameters(verb, context)
    return [*parts, roff.literal(verb.example.splitlines())]


def parameters(command: click.Command, context: click.Context) -> list[str]:
    records = (parameter.get_help_record(context) for parameter in command.params)
    return [roff.item(roff.bold(record[0]), record[1]) for record in records if record]


def configuration(units: str) -> str:
    """Return the page of the configuration, from the table of settings."""
    prose = section(units, SETTINGS)[0].partition("\n")[2]
    parts = [begin("pm-runner.toml.5"), roff.heading("Synopsis")]
    parts += [roff.bold("/etc/pm-runner/ENV.toml") + "\n", roff.heading("Description")]
    parts += [roff.page(prose.partition("<!-- SETTINGS -->")[0]), roff.heading("Settings")]
    for row in settings.table():
        told = f"{row.help} It is {row.expects}; by default {row.shown or 'empty'}."
        parts.append(roff.item(roff.bold(row.key), f"{told} `{row.variable}`, `{row.option}`"))
    return "".join([*parts, see_also("pm-runner.toml.5")])


def service(units: str) -> str:
    """Return the page of the unit: that of systemd/ without the settings."""
    _, rest = section(units, SETTINGS)
    text = rest.partition("\n")[2]
    return "".join(
        [
            begin("pm-runner@.service.8"),
            roff.heading("Synopsis"),
            f"{roff.bold('systemctl start pm-runner@')}ENV\n",
            roff.heading("Description"),
            roff.page(text),
            see_also("pm-runner@.service.8"),
        ]
    )


def section(text: str, title: str) -> tuple[str, str]:
    """Return a section of a page, and the page without it."""
    before, _, rest = text.partition(f"{title}\n")
    inside, mark, after = rest.partition("\n## ")
    return f"{title}\n{inside}", before + mark.lstrip("\n") + after


def pages(root: Path) -> dict[str, str]:
    """Return every man page by its file's name."""
    units = (root / "systemd" / "README.md").read_text()
    makers = (pmrunnerd, pmrunnerctl, configuration, service)
    first, *others = PAGES
    made = {name: make(units) for name, make in zip(others, makers, strict=True)}
    return {first: whole((root / "README.md").read_text())} | made

"""The command line of `pmrunnerd`: where its state is, how it is reached, and every setting."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from pmrunnerd import __version__
from pmrunnerd.model import configuration, settings
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.naming import ENVIRONMENT

ABOUT: Final = """\
Run the pm-runner daemon of one environment, in the foreground.

It keeps its state in one directory, answers pmrunnerctl on a Unix socket and serves HTTP on a
loopback port. SIGTERM leaves running agents at work for the daemon that starts next; Ctrl-C and
`pmrunnerctl stop` park them. Under systemd it is `systemctl start pm-runner@ENV`.
"""
# How runs can be held: services/host/choice.py has what does.
HOSTS: Final = ("detached", "systemd")
EXAMPLE: Final = "example: pmrunnerd --env dev --state-dir ./state --detach"


class Options(Struct, frozen=True, kw_only=True):
    """What one daemon was asked to be, in `words` as it was said.

    `host` holds its runs; without a `runs_directory` theirs lie in the state. `logins` are where
    those of agents are kept, if not where `host` has them. Releases lie below `root`, if not where `host` has them.
    With a `rehearsal` the state is a copy: what is remembered of it is written there, and nothing is started.
    """

    environment: str
    state_directory: Path
    socket: Path
    configuration: Path
    settings: settings.Settings
    detach: bool
    host: str = "detached"
    runs_directory: Path | None = None
    logins: Path | None = None
    root: Path | None = None
    rehearsal: Path | None = None
    words: tuple[str, ...] = ()


def command_line() -> argparse.ArgumentParser:
    """Return every option, for whoever reads them or writes about them."""
    parser = argparse.ArgumentParser(
        prog="pmrunnerd",
        description=ABOUT,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pmrunnerd {__version__}")
    parser.add_argument("--env", help="name of the environment (default: dev)")
    parser.add_argument("--state-dir", type=Path, help="state directory (default: ./state)")
    parser.add_argument("--socket", type=Path, help="control socket (default: in the state)")
    parser.add_argument(
        "--config", type=Path, help="configuration (default: /etc/pm-runner/ENV.toml)"
    )
    parser.add_argument(
        "--host",
        choices=HOSTS,
        default=HOSTS[0],
        help="what holds runs: processes of ours, or units of systemd (default: detached)",
    )
    parser.add_argument("--runs-dir", type=Path, help="directories of runs (default: in the state)")
    parser.add_argument(
        "--secrets-dir",
        type=Path,
        help="logins of agents (default: in the state, or /var/lib/pm-runner/secrets/ENV with systemd)",
    )
    parser.add_argument(
        "--root",
        type=Path,
        help="where opt/pm-runner is, with releases (default: build/ of the checkout, or / with systemd)",
    )
    parser.add_argument(
        "--rehearsal",
        type=Path,
        metavar="DIRECTORY",
        help="the state is a copy: write there what is remembered of it, answer, and start nothing",
    )
    parser.add_argument("--port", type=int, help="the same as --web-port")
    parser.add_argument(
        "--unconfined", action="store_true", help="the same as --runs-unconfined true"
    )
    parser.add_argument("--detach", action="store_true", help="go to the background once ready")
    group = parser.add_argument_group("settings (also in the configuration file and as variables)")
    for row in settings.table():
        what = f"{row.help} [{row.key}, {row.variable}; default {row.shown}]"
        group.add_argument(row.option, dest=row.field, metavar="VALUE", help=what)
    return parser


def configured_for(environment: str) -> Path:
    """Return the configuration file of an environment where no other one is named."""
    return Path(f"/etc/pm-runner/{environment}.toml")


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read the command line, the variables and the configuration file.

    Raises BadRequest naming what cannot be used; argparse exits by itself on unknown options.
    """
    given = command_line().parse_args(arguments)
    name = given.env or environment.get("PMRUNNER_ENV") or "dev"
    if not ENVIRONMENT.fullmatch(name):
        raise BadRequest(
            f"cannot use environment {name!r}: names are a letter and up to 15 letters or digits"
        )
    chosen = {row.field: getattr(given, row.field) for row in settings.table()}
    if given.port is not None:
        chosen["web_port"] = given.port
    if given.unconfined:
        chosen["runs_unconfined"] = True
    configured = given.config or configured_for(name)
    file = _read(configured, name, wanted=bool(given.config))
    if name in settings.PORTS and isinstance(web := file.get("web", {}), dict):
        file["web"] = {"port": settings.PORTS[name]} | web
    said = file.pop("state", None)
    where = given.state_dir or environment.get("STATE_DIRECTORY") or said or "state"
    directory = Path(str(where)).absolute()
    return Options(
        environment=name,
        state_directory=directory,
        socket=(given.socket or directory / "control.sock").absolute(),
        configuration=configured.absolute(),
        settings=configuration.resolve(file, environment, chosen),
        detach=given.detach,
        host=given.host,
        runs_directory=given.runs_dir.absolute() if given.runs_dir else None,
        logins=given.secrets_dir.absolute() if given.secrets_dir else None,
        root=given.root.absolute() if given.root else None,
        rehearsal=given.rehearsal.absolute() if given.rehearsal else None,
        words=tuple(arguments),
    )


def again(options: Options, environment: Mapping[str, str]) -> Options:
    """Read once more all that a daemon was given: its file may say something else by now.

    Raises BadRequest as `parse` does.
    """
    words = list(options.words)
    if any(word.partition("=")[0] == "--config" for word in words):
        words += ["--config", os.fspath(options.configuration)]  # it may work elsewhere by now
    return parse(words, environment)


def _read(path: Path, environment: str, *, wanted: bool) -> dict[str, Any]:
    if not wanted and not path.exists():
        return {}
    import tomllib  # noqa: PLC0415 - it costs 4 ms, and few have a file

    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        # Root's editor may have made it anew, for root alone: doctor says whose it has to be.
        closed = isinstance(exc, PermissionError)
        raise BadRequest(
            f"cannot read the configuration {os.fspath(path)}: {why}",
            hint=f"sudo pmrunnerctl --env {environment} doctor" if closed else None,
        ) from exc

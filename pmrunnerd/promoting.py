"""Promotes, as root where there is one: `python -m pmrunnerd.promoting ENV`, which the unit of promotions starts, by `launch promote`.

What is asked it reads from the order of prod's daemon; one that was cut off it goes on with first. It tells the story
to the journal, and its exit status is how it ended.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from pmrunnerd import options, outlet, signing
from pmrunnerd.model.errors import PmError, Unavailable, in_words
from pmrunnerd.model.naming import ENVIRONMENT
from pmrunnerd.model.promotion import ENDS, Ending
from pmrunnerd.release import RELEASE
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion import orders
from pmrunnerd.services.promotion.alone import Alone
from pmrunnerd.services.promotion.checks import Checks
from pmrunnerd.services.promotion.doors import Doors
from pmrunnerd.services.promotion.health import Health
from pmrunnerd.services.promotion.promoter import Means, Promoter
from pmrunnerd.services.promotion.records import Busy, Record, Records
from pmrunnerd.services.promotion.rehearsal import rehearse
from pmrunnerd.services.promotion.trials import Launcher
from pmrunnerd.services.promotion.units import Units
from pmrunnerd.services.promotion.vetting import Vetting
from pmrunnerd.services.promotion.watching import Watcher
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.services.releases.tree import Known
from pmrunnerd.services.systemd import ServiceManager
from pmrunnerd.store.durable import Disk

log = logging.getLogger(__name__)

CONTROL: Final = "run/pm-runner/{}/control.sock"
# Nothing of a promotion is known to be undone or done: whoever starts next finds out.
CUT_OFF: Final = 1
# Seconds that the last words may take.
_LAST_WORDS: Final = 2.0


async def promote(
    records: Records,
    shelf: Shelf,
    asked: Callable[[], Record],
    carry: Callable[[Record], Awaitable[Ending]],
) -> Ending:
    """Go on with what was cut off, then do what is asked; return how that ended. Raises Busy, PmError, OSError."""
    with records.alone():
        for record in records.unfinished():
            await carry(record)
        record = asked()
        ending = ENDS[record.steps[-1]] if record.has_ended else await carry(record)
        try:
            records.tidy(shelf.names(), record.order.id)
        except (OSError, PmError) as exc:  # what stays is in nobody's way
            log.warning("records of promotions that nobody needs stay: %s", exc)
        return ending


class _Daemon(Struct, frozen=True):
    """How a daemon is looked at and started again, and where its doors are."""

    hands: Units | Alone
    doors: Doors


async def _daemon(root: Path, environment: str, launcher: Path) -> _Daemon:
    if root == Path("/"):
        units = Units(environment)
        return _Daemon(units, Doors(root / CONTROL.format(environment), await units.web()))
    alone = Alone(launcher, root, environment)
    said = options.parse([*alone.options, "--env", environment], alone.around)
    alone.control = said.socket
    port = said.settings.web_port
    return _Daemon(alone, Doors(said.socket, ("127.0.0.1", port) if port else None))


def _means(root: Path, environment: str, launcher: Path, daemon: _Daemon) -> Means:
    shelf, hands, known = Shelf(root, environment), daemon.hands, Known()
    health = Health(daemon.doors, Checks(root, hands.checked))
    return Means(
        shelf=shelf,
        disk=Disk(),
        clock=Clock(),
        vetting=Vetting(shelf, Records(root, environment, Disk()), known),
        launcher=Launcher(launcher, root, environment),
        hands=hands,
        watcher=Watcher(hands, health, Clock()),
        rehearse=rehearse,
        sign=partial(signing.sign, root, environment, known=known),
    )


async def _run(root: Path, environment: str, launcher: Path) -> Ending:
    records = Records(root, environment, Disk())

    async def carry(record: Record) -> Ending:
        daemon = await _daemon(root, environment, launcher)
        return await Promoter(_means(root, environment, launcher, daemon), record).run()

    def asked() -> Record:
        place = orders.place(root, environment)
        return records.of(orders.read(place, environment, orders.asker(root)))

    return await promote(records, Shelf(root, environment), asked, carry)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for an environment, and return how it ended: `Ending`, or 1 where nobody can say."""
    parser = argparse.ArgumentParser(prog="pmrunnerd.promoting", description=__doc__)
    parser.add_argument("environment", metavar="ENV")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where opt/pm-runner is")
    parser.add_argument(
        "--launcher", type=Path, required=True, help="the package's, which alone touches `dist`"
    )
    given = parser.parse_args(arguments)
    if not ENVIRONMENT.fullmatch(given.environment):
        parser.error(f"{given.environment!r} is no name of an environment")
    said = outlet.configure(
        os.environ, {"PMRUNNER_ENV": given.environment, "PMRUNNER_RELEASE": RELEASE}
    )

    def tell(why: str, hint: str = "") -> None:
        said.report(f"pm-runner: {why}\n" + (f"  hint: {hint}\n" if hint else ""))
        # Nothing of it may be in a record: where the disk is full, say. The daemon asks the manager.
        manager = ServiceManager()
        manager.status(why)
        manager.close()

    try:
        return asyncio.run(_run(given.root, given.environment, given.launcher))
    except Busy:
        tell(f"cannot promote in {given.environment}: somebody does already")
        return Ending.BUSY
    except PmError as error:
        tell(str(error), error.hint or "")
        return CUT_OFF if isinstance(error, Unavailable) else Ending.REFUSED
    except OSError as error:
        tell(f"cannot promote in {given.environment}: {in_words(error)}")
        return CUT_OFF
    finally:
        said.close(_LAST_WORDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

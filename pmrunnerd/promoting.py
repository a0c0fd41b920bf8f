"""Promotes, as root: `python -m pmrunnerd.promoting ENV`, which the unit of promotions starts, by `launch promote`.

What is asked it reads from the order of prod's daemon; one that was cut off it goes on with first. It tells the story
to the journal, and its exit status is how it ended.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pmrunnerd import outlet, signing
from pmrunnerd.model.errors import PmError, Unavailable, in_words
from pmrunnerd.model.naming import ENVIRONMENT
from pmrunnerd.model.promotion import ENDS, Ending
from pmrunnerd.release import RELEASE
from pmrunnerd.services.clock import Clock
from pmrunnerd.services.promotion import orders
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
from pmrunnerd.store.durable import Disk

CONTROL: Final = "run/pm-runner/{}/control.sock"
# Nothing of a promotion is known to be undone or done: whoever starts next finds out.
CUT_OFF: Final = 1
# Seconds that the last words may take.
_LAST_WORDS: Final = 2.0


async def promote(
    records: Records, asked: Callable[[], Record], carry: Callable[[Record], Awaitable[Ending]]
) -> Ending:
    """Go on with what was cut off, then do what is asked; return how that ended. Raises Busy, PmError, OSError."""
    with records.alone():
        for record in records.unfinished():
            await carry(record)
        record = asked()
        return ENDS[record.steps[-1]] if record.has_ended else await carry(record)


def _means(root: Path, environment: str, launcher: Path, web: tuple[str, int] | None) -> Means:
    shelf, units, known = Shelf(root, environment), Units(environment), Known()
    doors = Doors(root / CONTROL.format(environment), web)
    health = Health(doors, Checks(root, units.checked))
    return Means(
        shelf=shelf,
        disk=Disk(),
        clock=Clock(),
        vetting=Vetting(shelf, Records(root, environment, Disk()), known),
        launcher=Launcher(launcher, root, environment),
        hands=units,
        watcher=Watcher(units, health, Clock()),
        rehearse=rehearse,
        sign=partial(signing.sign, root, environment, known=known),
    )


async def _run(root: Path, environment: str, launcher: Path) -> Ending:
    records = Records(root, environment, Disk())

    async def carry(record: Record) -> Ending:
        web = await Units(environment).web()
        return await Promoter(_means(root, environment, launcher, web), record).run()

    def asked() -> Record:
        place = orders.place(root, environment)
        return records.of(orders.read(place, environment, orders.asker(root)))

    return await promote(records, asked, carry)


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
    try:
        return asyncio.run(_run(given.root, given.environment, given.launcher))
    except Busy:
        said.report(f"pm-runner: cannot promote in {given.environment}: somebody does already\n")
        return Ending.BUSY
    except PmError as error:
        said.report(f"pm-runner: {error}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
        return CUT_OFF if isinstance(error, Unavailable) else Ending.REFUSED
    except OSError as error:
        said.report(f"pm-runner: cannot promote in {given.environment}: {in_words(error)}\n")
        return CUT_OFF
    finally:
        said.close(_LAST_WORDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

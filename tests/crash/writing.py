"""A process that commits messages one after the other and says which ones were acknowledged.

    python -m tests.crash.writing DIRECTORY COUNT [--limit BYTES]

It prints `ok N` for message N, `no N why` for one that was refused, and exits 74 where the store
failed. `--limit` bounds the size of any file it writes.
"""

import argparse
import asyncio
import resource
import sys
from contextlib import closing
from pathlib import Path

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.store.failures import StoreFailed
from pmrunnerd.store.store import Store
from tests.unit.store.parts import RELEASE, now, project, said


async def write(directory: Path, count: int) -> None:
    with closing(Store(directory, now, release=RELEASE)) as store:
        async with asyncio.TaskGroup() as house:
            life = house.create_task(store.run())
            if not store.durable:
                await store.commit(project())
            for number in range(len(store.state.messages) + 1, count + 1):
                try:
                    await store.commit(said(number, text="x" * 1000))
                except StoreFailed:
                    return
                except Unavailable as error:
                    say(f"no {number} {error}")
                    break
                say(f"ok {number}")
            life.cancel()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    if given.limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.limit, resource.RLIM_INFINITY))
    status = 0
    try:
        asyncio.run(write(given.directory, given.count))
    except* StoreFailed:
        # Until Python 3.11.4 what is raised in here comes out as a group.
        status = 74
    sys.exit(status)


if __name__ == "__main__":
    main()

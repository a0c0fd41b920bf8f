import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api import pages
from tests.unit.api import desks
from tests.unit.api.desks import at_work


@pytest.mark.parametrize("limit", [1, 7, 16, 50])
def test_page_by_page_backwards_everything_is_seen_once_in_order(
    tmp_path: Path, limit: int
) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added(), desks.added("other", "w2"))
            for n in range(1, 51):
                project = "w1" if n % 2 else "w2"
                await desk.store.commit(desks.posted(f"text {n}", f"m{n}", project))
            found: list[str] = []
            before: int | None = None
            while True:
                page = pages.page(desk.store, "w1", before, limit)
                assert 0 < len(page.entries) <= limit
                found = [entry.id for entry in page.entries] + found
                if page.before is None:
                    break
                before = page.before
            assert found == [f"m{n}" for n in range(1, 51, 2)]

    asyncio.run(scenario())


def test_a_page_ends_before_it_is_too_large_for_a_frame(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            for n in range(1, 6):
                await desk.store.commit(desks.posted("x" * 400_000, f"m{n}"))
            page = pages.page(desk.store, "w1", None, 1000)
            assert [entry.id for entry in page.entries] == ["m4", "m5"]
            assert page.before == page.entries[0].cursor

    asyncio.run(scenario())


def test_one_commit_is_one_page_however_much_it_says(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            await desk.store.commit(*(desks.posted("a", f"m{n}") for n in range(1, 6)))
            page = pages.page(desk.store, "w1", None, 2)
            assert [entry.id for entry in page.entries] == [f"m{n}" for n in range(1, 6)]

    asyncio.run(scenario())


def test_an_empty_conversation_is_an_empty_page(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(desks.added())
            assert pages.page(desk.store, "w1", None, 5).entries == ()
            assert pages.page(desk.store, "w1", -3, 5).before is None

    asyncio.run(scenario())

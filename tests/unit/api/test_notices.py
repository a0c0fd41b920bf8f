import asyncio
from pathlib import Path

import pytest

from pmrunnerd.api.respond import act, look
from pmrunnerd.model import events as ev
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.errors import Forbidden, Refused
from pmrunnerd.model.notices import Word
from pmrunnerd.model.settings import Settings
from tests.unit.api.desks import ANNA, AT, READER, at_work


class Teller:
    async def test(self) -> tuple[Word, str]:
        return Word(delivered=False, said="nobody is there", hint="look", tries=4), "https://h/…"


def test_who_operates_may_send_a_test_and_who_reads_may_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            with pytest.raises(Refused, match="notifies nobody"):
                await act(desk, ANNA, p.NotifyTest())
            desk.notices = Teller()
            with pytest.raises(Forbidden):
                await act(desk, READER, p.NotifyTest())
            assert await act(desk, ANNA, p.NotifyTest()) == v.NotifyTested(
                target="https://h/…", delivered=False, said="nobody is there", hint="look", tries=4
            )

    asyncio.run(scenario())


def test_what_could_not_be_told_waits_in_the_inbox_until_it_could(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with at_work(tmp_path) as desk:
            await desk.store.commit(ev.NotificationsBegan(upto=0))
            await desk.store.commit(
                ev.NotificationFailed(target="https://h/…", reason="it is away")
            )
            table = look(desk, READER, p.Inbox())
            assert isinstance(table, v.InboxTable)
            (item,) = table.items
            assert (item.kind, item.at, item.command) == ("notify", AT, "pmrunnerctl notify test")
            assert item.text == "nobody could be notified: it is away"
            await desk.store.commit(ev.NotificationSent(target="https://h/…", upto=2))
            assert look(desk, READER, p.Inbox()) == v.InboxTable(items=())

    asyncio.run(scenario())


def test_the_doctor_looks_at_the_setting_and_shows_no_secret(tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = Settings(web_port=0, notify_webhook="https://hooks.example/hush")
        async with at_work(tmp_path, settings=settings) as desk:
            found = look(desk, READER, p.Doctor())
            assert "https://hooks.example/…" in str(found)
            assert "hush" not in str(found)

    asyncio.run(scenario())

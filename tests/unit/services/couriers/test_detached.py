import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.couriers.detached import Detached
from tests.fakes.receiver import Receiver
from tests.unit.notify.orders import order


def test_an_order_is_carried_out_by_a_process_and_leaves_no_secret(tmp_path: Path) -> None:
    log = tmp_path / "notify.log"
    log.write_text("what an earlier one said")
    with Receiver() as receiver:
        word = asyncio.run(Detached(log).carry(order(receiver.url)))
        assert receiver.taken[0][1]["id"] == "n1"
    assert word.delivered
    assert log.read_text() == f"pm-runner notify: {word.said}\n"
    assert "hush" not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_what_is_refused_comes_back_in_words(tmp_path: Path) -> None:
    with Receiver() as receiver:
        word = asyncio.run(Detached(tmp_path / "notify.log").carry(order(receiver.url, private=())))
        assert receiver.taken == []
    assert not word.delivered
    assert "127.0.0.1: that is no public address" in word.said


def test_one_that_dies_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    with pytest.raises(Unavailable, match="ended without a word"):
        asyncio.run(Detached(tmp_path / "notify.log").carry(order("http://127.0.0.1:1/")))

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pmrunnerd.model.errors import Forbidden, NotFound, Refused, TooLarge
from pmrunnerd.model.promotion import Deed, Order
from pmrunnerd.services.promotion import orders

ORDER = Order(
    id="p1",
    deed=Deed.PROMOTE,
    environment="prod",
    release="0.1.0-0123456789ab",
    by="anna",
    asked=1,
    record=b"\x00\xff",
)


def written(path: Path, **changed: Any) -> Path:
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(ORDER, **changed)))
    return path


def test_what_the_daemon_asks_is_what_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "prod.json")
    assert orders.read(path, "prod", os.geteuid()) == ORDER


def a_link(path: Path) -> None:
    written(path.with_name("other"))
    path.symlink_to("other")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("made", [a_link, a_pipe, a_directory])
def test_what_is_no_file_of_its_own_is_not_read(
    tmp_path: Path, made: Callable[[Path], None]
) -> None:
    made(tmp_path / "prod.json")
    with pytest.raises(Forbidden, match="is no file"):
        orders.read(tmp_path / "prod.json", "prod", os.geteuid())


def test_what_belongs_to_somebody_else_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "prod.json")
    with pytest.raises(Forbidden, match=f"belongs to user {os.geteuid()}"):
        orders.read(path, "prod", os.geteuid() + 1)


def test_where_nobody_asked_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nobody asked"):
        orders.read(tmp_path / "prod.json", "prod", os.geteuid())


def test_what_is_too_large_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MOST", 10)
    with pytest.raises(TooLarge):
        orders.read(written(tmp_path / "prod.json"), "prod", os.geteuid())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[" * 100_000, b'{"id": 7}'])
def test_what_is_no_order_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        orders.decode(data)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"id": "../x"}, "no id"),
        ({"id": "gates"}, "no id"),
        ({"id": ""}, "no id"),
        ({"release": "../../tmp/x"}, "no release"),
        ({"environment": "Prod"}, "no environment"),
        ({"probation": -1.0}, "no probation"),
        ({"format": 2}, "format 2"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        orders.decode(msgspec.json.encode(msgspec.structs.replace(ORDER, **changed)))


def test_an_order_is_of_the_environment_that_it_was_found_for(tmp_path: Path) -> None:
    path = written(tmp_path / "dev.json")
    with pytest.raises(Refused, match="is about prod, and not dev"):
        orders.read(path, "dev", os.geteuid())


def test_a_checkout_asks_as_whoever_has_it() -> None:
    assert orders.asker(Path("/somewhere")) == os.geteuid()

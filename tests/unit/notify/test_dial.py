import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pmrunnerd.model.notices import Address, parsed
from pmrunnerd.notify.dial import Forbidden, Unreachable, connect, resolve
from pmrunnerd.notify.reach import listed

HERE = listed(["127.0.0.0/8", "::1"])


def address(url: str) -> Address:
    found = parsed(url)
    assert found is not None
    return found


@contextmanager
def answering(said: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says something to whoever connects; and what it heard before."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            line, _ = door.accept()
            with line:
                heard.append(line.recv(4096))
                line.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        yield door.getsockname()[1], heard
        thread.join()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1"])
def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(Forbidden, match="no public address, and not listed") as refused:
        connect(address(f"http://{host}:1/x"), (), None)
    assert refused.value.hint.startswith("private = ")


def test_a_name_that_leads_nowhere_is_told_with_what_to_type() -> None:
    with pytest.raises(Unreachable, match=r"cannot resolve nowhere\.invalid") as told:
        resolve(address("https://nowhere.invalid/"), HERE)
    assert told.value.hint == "getent hosts nowhere.invalid"
    assert not isinstance(told.value, Forbidden)


def test_of_several_addresses_only_those_that_may_be_reached_are_tried() -> None:
    here = address("http://localhost:1/")
    assert resolve(here, listed(["127.0.0.1"])) == ["127.0.0.1"]


def test_whoever_does_not_listen_is_named_with_address_and_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(Unreachable, match=rf"at 127\.0\.0\.1, port {port}: Connection refused"):
        connect(address(f"http://localhost:{port}/"), listed(["127.0.0.1"]), None)


def test_a_server_that_speaks_no_tls_is_unreachable() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as (port, _):  # noqa: SIM117 - the server ends first
        with pytest.raises(Unreachable, match="cannot speak TLS to 127"):
            connect(address(f"https://127.0.0.1:{port}/"), HERE, None)


def test_through_a_proxy_the_name_is_the_proxy_s_to_resolve() -> None:
    with answering(b"HTTP/1.1 200 Connected\r\nA: b\r\n\r\n") as (port, heard):
        proxy = address(f"http://127.0.0.1:{port}")
        connect(address("http://hooks.invalid/x"), HERE, proxy).close()
    assert heard == [b"CONNECT hooks.invalid:80 HTTP/1.1\r\nHost: hooks.invalid:80\r\n\r\n"]


def test_a_proxy_that_refuses_is_told_and_must_be_listed_if_it_is_private() -> None:
    with answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as (port, _):
        proxy = address(f"http://127.0.0.1:{port}")
        with pytest.raises(Forbidden, match=r"127\.0\.0\.1: that is no public"):
            connect(address("http://hooks.invalid/"), (), proxy)
        with pytest.raises(Forbidden, match=r"10\.0\.0\.1: that is no public"):
            connect(address("http://10.0.0.1/"), HERE, proxy)
        with pytest.raises(Unreachable, match="the proxy said 407 Proxy Authentication Required"):
            connect(address("http://hooks.invalid/"), HERE, proxy)

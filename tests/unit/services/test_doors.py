import asyncio
import socket

from pmrunnerd.services import doors


def test_a_door_is_open_where_somebody_listens_and_shut_where_nobody_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert asyncio.run(doors.is_open(address))

    assert not asyncio.run(doors.is_open(address))


def test_an_address_of_six_has_brackets_or_none() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        number = listening.getsockname()[1]
        assert asyncio.run(doors.is_open(f"[::1]:{number}"))
        assert asyncio.run(doors.is_open(f"::1:{number}"))

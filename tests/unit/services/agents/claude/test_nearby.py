"""Which web addresses are near."""

import asyncio

import pytest

from pmrunnerd.services.agents.claude.nearby import is_near


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:3502/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1./",
        "HTTP://LOCALHOST/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://no-such-neighbour/",
    ],
)
def test_this_machine_and_its_neighbours_are_near_however_they_are_written(url: str) -> None:
    assert asyncio.run(is_near(url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://192.0.43.7/",
        "http:/127.0.0.1/",
        "http:\\\\127.0.0.1/",
        "http://127.0.0.1\\@192.0.43.7/",
        "http://192.0.43.7@127.0.0.1/",
        "http://127.0.0%2e1/",
        "http://１27.0.0.1/",
        " http://192.0.43.7/",
        "http://192.0.43.7\n/",
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_near(url: str) -> None:
    assert asyncio.run(is_near(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.43.7",
        "https://192.0.43.7:8443/a?b=http://127.0.0.1/#c",
        "http://[2606:2800:220:1::1]/",
        "https://name.that.nobody.has.invalid/",
    ],
)
def test_the_world_is_not_near(url: str) -> None:
    assert not asyncio.run(is_near(url))

from ipaddress import ip_address

import pytest

from pmrunnerd.notify.reach import held, listed, may_reach


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - refused
        *("169.254.169.254", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::"),
        *("2001::1", "2001:db8::1", "3fff::1", "100::1", "::ffff:8.8.8.8", "2002:808:808::"),
    ],
)
def test_what_is_no_public_address_is_refused_in_whatever_form(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "100.128.0.1"]
)
def test_a_public_address_may_be_reached_and_by_nat64_too(address: str) -> None:
    assert may_reach(address)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", "10.1.0.0/16"),
        ("::ffff:10.1.2.3", "10.1.0.0/16"),
        ("64:ff9b::10.1.2.3", "10.1.2.3"),
        ("fd00::7", "fd00::/8"),
        ("::1", "::1"),
    ],
)
def test_what_is_listed_may_be_reached_and_its_neighbours_not(address: str, private: str) -> None:
    assert may_reach(address, listed([private]))
    assert not may_reach("10.2.0.1", listed([private]))
    assert not may_reach("fc00::1", listed([private]))


def test_a_newer_address_that_stands_for_itself_holds_no_older_one() -> None:
    assert held(ip_address("2606:4700::1111")) is None
    assert held(ip_address("8.8.8.8")) is None
    assert str(held(ip_address("2002:a01:203::"))) == "10.1.2.3"

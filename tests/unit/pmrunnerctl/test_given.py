import argparse

import pytest

from pmrunnerctl import given

MINE = ("--runs-total", "60", "--unconfined")


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (
            ["--runs-total", "60", "--runs-silence", "5"],
            ["--runs-total", "5"],
            ["--runs-silence", "5"],
        ),
        (["--runs-total", "60"], ["--runs-total=60"], []),
        (["--runs-total", "60"], ["--runs-total", "90"], []),
        (["--unconfined"], ["--runs-unconfined=true"], []),
        (
            ["--agent-acp-command=a --b", "--port", "0"],
            [],
            ["--agent-acp-command=a --b", "--port", "0"],
        ),
    ],
)
def test_an_option_is_lost_where_none_of_its_name_is_there(
    before: list[str], now: list[str], lost: list[str]
) -> None:
    assert given.absent(before, now) == lost


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        (["--unconfined", "--runs-total", "60"], []),
        (["--runs-total=60"], []),
        (["--runs-unconfined", "true"], []),
        (["--runs-unconfined=false"], ["--runs-unconfined=false"]),
        (["--runs-total", "90", "--unconfined"], ["--runs-total", "90"]),
        (["--bogus", "x"], ["--bogus", "x"]),
        (["60"], ["60"]),
    ],
)
def test_what_a_daemon_has_is_told_by_name_and_value_and_not_by_order_or_spelling(
    wanted: list[str], missing: list[str]
) -> None:
    assert given.differing(wanted, MINE) == missing


@pytest.mark.parametrize(
    "words",
    [
        ["--port=3600", "--port", "3700"],
        ["--port", "3700", "--port=3600"],
        ["--port", "1", "--web-port", "2"],
        ["--web-port=2", "--web-port", "3"],
        ["--other", "--port x", "--web-port", "4"],
        ["--other", "-1", "--web-port", "4"],
        ["--other", "1"],
    ],
)
def test_the_option_that_counts_is_the_one_that_the_daemon_takes(words: list[str]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("--port", "--web-port", "--other"):
        parser.add_argument(name)
    taken = parser.parse_args(words)

    assert given.last(words, given.PORT) == (taken.port or taken.web_port or "")


def test_other_options_come_instead_of_those_that_said_the_same() -> None:
    words = given.changed([*MINE, "--port", "1"], ["--runs-total=90", "--web-port", "2"])

    assert words == ["--unconfined", "--runs-total=90", "--web-port", "2"]
    assert given.without(words, {given.PORT, "--runs-unconfined"}) == ["--runs-total=90"]

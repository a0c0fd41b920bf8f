from pathlib import Path

import pytest

from pmrunnerctl.address import addressed, quoted

HERE, STATE = Path("/x/control.sock"), Path("/my state")


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl start", "pmrunnerctl --socket /x/control.sock start"),
        ("sudo pmrunnerctl status", "sudo pmrunnerctl --socket /x/control.sock status"),
        ("pmrunnerctl --socket /y status", "pmrunnerctl --socket /y status"),
        ("pmrunnerctl start --state-dir ./state", "pmrunnerctl start --state-dir ./state"),
        ("pmrunnerctl chat -h", "pmrunnerctl chat -h"),
        ("df -h /", "df -h /"),
        ("", ""),
    ],
)
def test_a_command_means_the_socket_that_was_named(hint: str, shown: str) -> None:
    assert addressed(hint, socket=HERE, env="", state_dir=None) == shown


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl start", "pmrunnerctl start --state-dir '/my state'"),
        (
            "pmrunnerctl state verify   then: state repair",
            "pmrunnerctl state verify --state-dir '/my state'   then: state repair",
        ),
        ("pmrunnerctl status", "pmrunnerctl --socket '/my state/control.sock' status"),
        (
            "pmrunnerctl stop; then pmrunnerctl start --env x",
            "pmrunnerctl --socket '/my state/control.sock' stop; then pmrunnerctl start --env x",
        ),
    ],
)
def test_a_command_means_the_state_directory_that_was_named(hint: str, shown: str) -> None:
    assert addressed(hint, socket=None, env="", state_dir=STATE) == shown


def test_a_command_means_the_environment_that_was_named() -> None:
    hint = "pmrunnerctl plan approve p1"
    assert addressed(hint, socket=None, env="prod", state_dir=None) == (
        "pmrunnerctl --env prod plan approve p1"
    )
    start = addressed("pmrunnerctl start", socket=None, env="prod", state_dir=STATE)
    assert start == "pmrunnerctl --env prod start --state-dir '/my state'"


def test_a_word_is_one_for_a_shell() -> None:
    assert quoted("a b") == "'a b'"

from pathlib import Path

import pytest

from tests.house import words
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

# Each of these parses the whole house, and a worker does it once.
pytestmark = pytest.mark.xdist_group("house")


def test_no_text_knows_where_this_checkout_lies() -> None:
    must_hold(words.machines_paths(ROOT, checkout=ROOT, home=Path.home()))


def test_no_text_names_the_host_of_a_registry() -> None:
    must_hold(words.registry_hosts(ROOT))


def test_nothing_is_tested_with_mocks() -> None:
    must_hold(words.mocks(ROOT))


def test_the_name_of_a_test_is_a_sentence() -> None:
    must_hold(words.names_that_are_no_sentences(ROOT))


def test_a_path_of_the_machine_is_found_and_an_ordinary_one_is_not(plant: Plant) -> None:
    root = plant(
        {
            "README.md": "cd /opt/pm-runner\ncd /farm7/main/x\ncd /home/anna/pm-runner\n",
            "packaging/test": "ls /farm7/other/file\nls /srv/farm7/x\nls ~/farm7/main/\n",
        }
    )

    found = words.machines_paths(root, checkout=Path("/farm7/main"), home=Path("/home/anna"))
    assert found == [
        "README.md:2: holds a path of this machine",
        "README.md:3: holds a path of this machine",
        "packaging/test:1: holds a path of this machine",
    ]


def test_the_host_of_a_registry_is_found(plant: Plant) -> None:
    host = "files.pythonhosted,org".replace(",", ".")
    root = plant({"packaging/a.lock": f"# from {host}\n", "b.lock": "click==8.1.7\n"})

    assert words.registry_hosts(root) == [
        "packaging/a.lock:1: holds the host of a package registry"
    ]


def test_a_mock_is_found(plant: Plant) -> None:
    root = plant({"tests/test_x.py": "from unittest.mock import Mock\n"})

    assert words.mocks(root) == [
        "tests/test_x.py: imports unittest.mock; use a real part or a fake that is a real program"
    ]


def test_a_name_that_is_no_sentence_is_found(plant: Plant) -> None:
    root = plant(
        {"tests/test_x.py": "def test_journal_2(): ...\ndef test_a_cut_heals_itself(): ...\n"}
    )

    assert words.names_that_are_no_sentences(root) == [
        "tests/test_x.py:1: test_journal_2 is no sentence"
    ]

import tomllib

import pytest

import pmrunnerd
from tests.house import locks
from tests.house.conftest import Plant
from tests.house.tree import ROOT, must_hold

PROJECT = """
[build-system]
requires = ["setuptools>=77"]
[project]
dependencies = ["click>=8.1", "python-daemon>=3"]
optional-dependencies.test = ["pytest>=8"]
"""
RUNNING = r"""
# via
click==8.5.1 \
    --hash=sha256:aa \
    --hash=sha256:bb
    # via pm-runner (pyproject.toml)
python_daemon==3.1.2 ; sys_platform == 'linux' \
    --hash=sha256:cc
setuptools==84.2.1 \
    --hash=sha256:dd
"""
TESTING = RUNNING + "pytest==9.2.0 --hash=sha256:ee\n"


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    must_hold(locks.disagreements(ROOT))


def test_the_package_and_the_daemon_have_one_version() -> None:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())

    assert project["project"]["version"] == pmrunnerd.__version__


def test_what_the_agent_needs_is_in_a_lock_of_its_own_and_in_that_of_the_tests(
    plant: Plant,
) -> None:
    project = PROJECT.replace('["pytest>=8"]', '["pm-runner[claude]", "pytest>=8"]')
    root = plant(
        {
            "pyproject.toml": project + 'optional-dependencies.claude = ["the-sdk==1"]\n',
            "packaging/requirements.lock": RUNNING,
            "packaging/requirements-claude.lock": RUNNING + "the-sdk==2 --hash=sha256:ff\n",
            "packaging/requirements-test.lock": TESTING,
        }
    )

    assert locks.disagreements(root) == [
        "packaging/requirements-claude.lock: the-sdk 2 is not ==1",
        "packaging/requirements-test.lock: lacks the-sdk; run packaging/lock",
        "packaging/requirements-test.lock: the-sdk None, and 2 where it runs",
    ]


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("click==", "klick==", "lacks click; run packaging/lock"),
        ("click==8.5.1", "click==8.0.9", "click 8.0.9 is not >=8.1"),
        ("setuptools==84.2.1", "setuptools==76.0", "setuptools 76.0 is not >=77"),
        ("# via\n", "--index-url https://example.com\n", "not a pin with a hash: --index-url"),
        (" \\\n    --hash=sha256:dd", "", "not a pin with a hash: setuptools==84.2.1"),
        ("==84.2.1", ">=84.2.1", "not a pin with a hash: setuptools>=84.2.1"),
    ],
)
def test_a_lock_that_disagrees_is_found(
    plant: Plant, before: str, after: str, finding: str
) -> None:
    root = plant(
        {
            "pyproject.toml": PROJECT,
            "packaging/requirements.lock": RUNNING.replace(before, after),
            "packaging/requirements-test.lock": TESTING.replace(before, after),
        }
    )

    found = locks.disagreements(root)

    assert any(finding in line for line in found)


def test_locks_that_agree_are_left_in_peace(plant: Plant) -> None:
    root = plant(
        {
            "pyproject.toml": PROJECT,
            "packaging/requirements.lock": RUNNING,
            "packaging/requirements-test.lock": TESTING,
        }
    )

    assert locks.disagreements(root) == []


def test_tests_that_run_against_other_versions_are_found(plant: Plant) -> None:
    root = plant(
        {
            "pyproject.toml": PROJECT,
            "packaging/requirements.lock": RUNNING,
            "packaging/requirements-test.lock": TESTING.replace("click==8.5.1", "click==8.4.0"),
        }
    )

    assert locks.disagreements(root) == [
        "packaging/requirements-test.lock: click 8.4.0, and 8.5.1 where it runs"
    ]

"""Bugs that a store must not have, each seeded into a copy, and the test that has to catch it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

BUGS = Path(__file__).with_name("bugs")
STORE = "tests/unit/store/test_store.py"
DURABLE = "tests/unit/store/test_durable.py"
CHECKPOINT = "tests/unit/store/test_checkpoint.py"
FAILING = "tests/crash/test_failing_disk.py"
POWER_CUT = "tests/crash/test_power_cut.py::test_every_state_of_a_power_cut"
WAY_BACK = (
    "tests/crash/test_way_back.py::test_a_power_cut_at_any_moment_leaves_what_the_next_one_ends"
)
PROMOTION = "tests/unit/services/promotion"
KILLED = (
    f"{PROMOTION}/test_promoter.py::test_killed_anywhere_it_is_brought_to_the_same_end_by_the_next"
)
RECORDS = f"{PROMOTION}/test_records.py"
COME_BACK = "tests/package/test_come_back.py"
# Which test catches which bug, and what it says then: a test that fails for another reason, such as
# an import, has caught nothing.
CAUGHT = {
    "no-fsync": (f"{POWER_CUT}[groups]", "were promised"),
    "no-directory-fsync": (f"{POWER_CUT}[segments]", "were promised"),
    "answer-before-sync": (f"{POWER_CUT}[groups]", "were promised"),
    # Which of the store's failures it is depends on the state that is tried first.
    "snapshot-before-history": (f"{POWER_CUT}[checkpoints]", "pmrunnerd.store.failures."),
    "segment-before-sync": (f"{POWER_CUT}[segments]", "were promised"),
    "forgotten-lock": (
        f"{STORE}::test_a_second_store_on_the_same_state_is_refused_and_harms_nothing",
        "DID NOT RAISE",
    ),
    "retry-after-fsync-error": (
        f"{FAILING}::test_the_first_sync_that_fails_is_the_last_and_nobody_is_told_yes",
        "assert 2 == 1",
    ),
    "short-write-ignored": (
        "tests/unit/store/test_durable.py::test_a_write_goes_on_until_the_disk_took_everything",
        "b'mor' == b'more than three bytes'",
    ),
    "torn-tail-accepted": (f"{POWER_CUT}[groups]", "JournalDamaged"),
    "snapshot-stays-under-rebuild": (
        f"{CHECKPOINT}::test_what_is_not_believed_is_gone_before_anything_is_written_over_what_it_points_to",
        "'write places' != 'remove snapshot.json'",
    ),
    "back-before-switch": (f"{WAY_BACK}[return]", "2-b runs, and the trial is returned"),
    "try-before-sync": (f"{WAY_BACK}[count]", "JSONDecodeError"),
    "switch-without-directory-fsync": (f"{WAY_BACK}[settle]", "it was told that this is so"),
    "count-after-start": (
        f"{COME_BACK}::test_each_start_is_counted_before_it_and_each_end_is_judged_before_anything_else",
        "KeyError: 'ExecStartPre'",
    ),
    "forgotten-reset-failed": (
        f"{COME_BACK}::test_what_is_back_is_started_and_the_starts_of_the_other_are_forgotten_first",
        "systemctl reset-failed",
    ),
    "end-before-confirmed": (f"{KILLED}[good]", "is None or not True)"),
    "restart-taken-for-made": (f"{KILLED}[good]", "Step.SWITCHED not in prod.steps()"),
    "way-back-tidied-away": (
        f"{RECORDS}::test_of_many_the_latest_stay_and_what_proves_a_release_that_is_here",
        "Extra items in the right set:\nE         'p1'",
    ),
    "switch-before-trial": (f"{WAY_BACK}[begin]", "2-b runs, and the trial is not there"),
}


def seeded(tmp_path: Path, bug: str) -> Path:
    """Return a copy of this checkout with a bug in it."""
    for name in ("pmrunnerd", "pmrunnerctl", "tests", "packaging", "systemd", "pyproject.toml"):
        source, copy = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(BUGS / f"{bug}.patch")],
        cwd=tmp_path,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, f"the bug cannot be seeded any more: {applied.stderr}"
    return tmp_path


@pytest.mark.parametrize("bug", CAUGHT)
def test_a_seeded_bug_is_caught_by_its_test(tmp_path: Path, bug: str) -> None:
    test, says = CAUGHT[bug]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-x",
            "-q",
            test,
        ],
        cwd=seeded(tmp_path, bug),
        env={k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CI"))}
        | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "1 failed" in done.stdout
    assert says in done.stdout, done.stdout


def test_every_patch_has_its_test_and_every_test_its_patch() -> None:
    assert {path.stem for path in BUGS.glob("*.patch")} == set(CAUGHT)

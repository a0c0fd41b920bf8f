"""The plugin that keeps a run honest, in runs of its own."""

import pytest

from tests.house.tree import ROOT
from tests.plugins.promises import plain

SUITE = """
    import pytest

    def test_it_works():
        pass

    @pytest.mark.parametrize("size", [1, 2])
    def test_it_works_at_every_size(size):
        pass

    @pytest.mark.xfail(strict=True)
    def test_it_is_known_to_fail():
        assert False
"""
SKIPS = """
    import pytest

    @pytest.mark.skipif(True, reason="needs a moon")
    def test_it_lands():
        pass

    def test_it_returns():
        pytest.skip("needs a rocket")
"""
ALL_GOOD = """
    # "It works."
    test_suite.py::test_it_works
    test_suite.py::test_it_works_at_every_size
    test_suite.py::test_it_works_at_every_size[2]
"""

WORKERS = pytest.mark.parametrize("workers", ["-n0", "-n1"])


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of its own, run as ours is, with CI=true unless a test takes it back."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    # Each of these runs is several processes, and those that it is not about take a second in each.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nrequired = required.txt\n")
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def play(run: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    options = ("-p", "xdist", "-p", "tests.plugins.promises", "--dist=loadgroup")
    return run.runpytest_subprocess(*options, *arguments)


def promise(run: pytest.Pytester, text: str) -> None:
    run.maketxtfile(required=text)


@WORKERS
def test_a_run_that_kept_every_promise_is_green(run: pytest.Pytester, workers: str) -> None:
    promise(run, ALL_GOOD)

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=3, xfailed=1)


@WORKERS
def test_a_promise_that_no_test_ran_for_fails_by_name(run: pytest.Pytester, workers: str) -> None:
    promise(run, ALL_GOOD + "    test_suite.py::test_it_flies\n")

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=3, xfailed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it_flies*"])
    assert "1 failed, 3 passed" in result.outlines[-1]


@WORKERS
def test_a_skip_is_a_failure_that_tells_its_reason(run: pytest.Pytester, workers: str) -> None:
    run.makepyfile(test_skips=SKIPS)

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=3, xfailed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines_random(["*needs a moon", "*needs a rocket"])


@WORKERS
def test_a_module_that_skips_itself_is_a_failure_too(run: pytest.Pytester, workers: str) -> None:
    run.makepyfile(test_moon="import pytest; pytest.importorskip('moon_that_is_not_there')")

    result = play(run, workers)

    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*could not import 'moon_that_is_not_there'*"])


@WORKERS
def test_a_person_may_skip_and_is_told_what_was_not_run(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    monkeypatch.delenv("CI")
    run.makepyfile(test_skips=SKIPS)
    promise(run, ALL_GOOD + "    test_skips.py::test_it_lands\n")

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*not run here*"])
    result.stdout.fnmatch_lines_random(
        ["test_skips.py::test_it_lands: needs a moon", "test_skips.py::test_it_returns: needs a *"]
    )
    assert "3 passed, 2 skipped, 1 xfailed" in result.outlines[-1]


@WORKERS
def test_what_failed_is_named_at_once_and_at_the_very_end_below_all_reasons(
    run: pytest.Pytester, workers: str
) -> None:
    run.makepyfile(test_fails="def test_it_sings():\n    assert False, 'a\\nlong\\nreason'\n")
    promise(run, ALL_GOOD)

    result = play(run, workers)
    before = result.stdout.str().partition(" FAILURES ")[0]
    assert "call of test_fails.py::test_it_sings failed: AssertionError: a" in before
    assert "test_fails.py::test_it_sings" in result.outlines[-2]


ELSEWHERE = """
    import pytest

    @pytest.mark.elsewhere
    def test_it_calls():
        pytest.skip("nobody picks up")
"""


FOUND_OUT = """
    from tests.plugins.promises import Elsewhere

    def test_it_calls():
        raise Elsewhere("nobody picks up")
"""


@WORKERS
@pytest.mark.parametrize("calls", [ELSEWHERE, FOUND_OUT])
def test_what_others_run_may_be_away(run: pytest.Pytester, workers: str, calls: str) -> None:
    run.makepyfile(test_calls=calls)
    promise(run, ALL_GOOD)

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*not run here*", "test_calls.py::test_it_calls: nobody picks up"])
    assert "3 passed, 1 skipped, 1 xfailed" in result.outlines[-1]


@pytest.mark.parametrize("workers", ["-n1"])
@pytest.mark.parametrize(("gate", "uid"), [("unit", 1000), ("unit", 0), ("", 1000)])
def test_in_a_gate_what_only_root_can_do_is_left_out_and_said_and_nowhere_else(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: str, gate: str, uid: int
) -> None:
    monkeypatch.setenv("PMRUNNER_GATE", gate)
    run.makeconftest(f"import os\nos.geteuid = lambda: {uid}")
    run.makepyfile(test_skips=SKIPS.replace("needs a moon", "only root gives files away"))

    result = play(run, workers)

    left_out = gate != "" and uid != 0
    result.assert_outcomes(passed=3, xfailed=1, failed=1, skipped=left_out, errors=1 - left_out)
    where = ["*not run here*", "test_skips.py::test_it_lands: only root gives files away"]
    result.stdout.fnmatch_lines(where if left_out else ["*: only root gives files away"])


@WORKERS
def test_what_others_run_is_nobody_s_to_promise(run: pytest.Pytester, workers: str) -> None:
    run.makepyfile(test_calls=ELSEWHERE)
    promise(run, "test_calls.py::test_it_calls")

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED test_calls.py::test_it_calls*"])


@pytest.mark.parametrize(
    "selection",
    ["test_suite.py", "-kit_works", "-mnot slow", "--deselect=test_suite.py::test_it_works"],
)
def test_who_runs_a_part_has_promised_nothing_about_the_rest(
    run: pytest.Pytester, selection: str
) -> None:
    promise(run, "test_suite.py::test_it_flies")

    assert play(run, "-n0", selection).ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_promise_is_kept_on_whichever_worker_its_group_runs(
    run: pytest.Pytester, workers: str
) -> None:
    run.makepyfile(
        test_group="import pytest\n"
        "@pytest.mark.xdist_group('daemon')\n"
        "@pytest.mark.parametrize('address', ['a@b'])\n"
        "def test_it_is_alone(address): pass\n"
    )
    promise(run, "test_group.py::test_it_is_alone[a@b]\ntest_group.py::test_it_is_alone")

    result = play(run, workers)

    assert result.ret == pytest.ExitCode.OK


def test_the_tests_of_a_group_run_on_one_worker(run: pytest.Pytester) -> None:
    # What they share is expensive; a pytest that its workers do not understand would say nothing.
    run.makepyfile(
        test_group="import os, pathlib, pytest\n"
        "@pytest.mark.xdist_group('daemon')\n"
        "@pytest.mark.parametrize('number', range(20))\n"
        "def test_it_is_alone(number):\n"
        "    pathlib.Path(os.environ['PYTEST_XDIST_WORKER']).touch()\n"
    )

    assert play(run, "-n2").ret == pytest.ExitCode.OK
    assert len(list(run.path.glob("gw*"))) == 1


@pytest.mark.parametrize(
    ("shown", "spelled"),
    [
        ("t.py::test_x@daemon", "t.py::test_x"),
        ("t.py::test_x[a@b]@daemon", "t.py::test_x[a@b]"),
        ("t.py::test_x[a@b]", "t.py::test_x[a@b]"),
        ("a@b/t.py::test_x", "a@b/t.py::test_x"),
    ],
)
def test_an_id_is_spelled_without_the_group_of_its_worker(shown: str, spelled: str) -> None:
    assert plain(shown) == spelled

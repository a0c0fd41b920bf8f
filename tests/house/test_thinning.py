"""The plugin that leaves out variants, in runs of its own."""

import pytest

from tests.house.tree import ROOT
from tests.plugins.thinning import chosen

SUITE = """
    import pytest

    @pytest.mark.parametrize("number", range(9))
    def test_it_works(number):
        pass

    def test_it_works_alone():
        pass
"""
PROMISES = "tests/integration/acp/test_suite.py::test_it_works[3]\n"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("CI", "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", "PMRUNNER_TEST_EVERYTHING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nrequired = required.txt\n")
    pytester.path.joinpath("required.txt").write_text(PROMISES)
    suite = pytester.makepyfile(test_suite=SUITE)
    room = pytester.mkdir("tests").joinpath("integration/acp")
    room.mkdir(parents=True)
    suite.rename(room / "test_suite.py")
    return pytester


def play(run: pytest.Pytester, *words: str) -> dict[str, int]:
    plugins = ("tests.plugins.promises", "tests.plugins.thinning", "xdist.plugin")
    asked = (word for plugin in plugins for word in ("-p", plugin))
    return run.runpytest_subprocess(*asked, *words).parseoutcomes()


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_full_run_tries_three_variants_and_each_that_was_promised(
    run: pytest.Pytester, workers: str
) -> None:
    assert play(run, workers)["passed"] == 5


def test_who_chooses_what_to_run_gets_all_of_it(run: pytest.Pytester) -> None:
    assert play(run, "-n2", "tests/integration/acp")["passed"] == 10


def test_all_are_tried_where_everything_is_wanted(
    run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMRUNNER_TEST_EVERYTHING", "1")
    assert play(run, "-n0")["passed"] == 10


@pytest.mark.parametrize(("many", "stay"), [(1, "a"), (2, "ab"), (3, "abc"), (6, "acf")])
def test_the_first_the_middle_and_the_last_stay(many: int, stay: str) -> None:
    assert chosen(list("abcdef"[:many]), frozenset()) == set(stay)

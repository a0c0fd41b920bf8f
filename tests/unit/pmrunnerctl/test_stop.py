import pytest

from pmrunnerctl.stop import of_runs


@pytest.mark.parametrize(
    ("count", "kept", "said"),
    [
        (0, False, "no run was under way"),
        (0, True, "no run was under way"),
        (1, True, "one run goes on without it"),
        (3, True, "3 runs go on without it"),
        (1, False, "one run was interrupted"),
        (2, False, "2 runs were interrupted; what was changed is kept"),
    ],
)
def test_it_says_what_became_of_the_runs(count: int, said: str, *, kept: bool) -> None:
    assert of_runs(count, kept=kept).startswith(said)

import pytest

from pmrunnerctl import walls
from tests.unit.pmrunnerctl import samples


@pytest.mark.parametrize(
    ("how", "style"),
    [
        ("bubblewrap", ""),
        ("UNCONFINED", "red"),
        ("none: bubblewrap is not installed; runs are refused", "red"),
    ],
)
def test_what_does_not_confine_stands_out(how: str, style: str) -> None:
    assert walls.shown(samples.overview(confinement=how)) == (how, style)

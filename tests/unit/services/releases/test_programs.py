import pytest

from pmrunnerd.model.errors import Unavailable
from pmrunnerd.services.releases.programs import program
from pmrunnerd.services.releases.shelf import CODE


def test_what_the_package_does_not_bring_is_said_with_what_helps() -> None:
    with pytest.raises(Unavailable, match="/usr/lib/pm-runner/bake is not there") as found:
        program("bake")
    assert "apt-get install" in (found.value.hint or "")


def test_a_checkout_has_its_own() -> None:
    assert program("launch") == CODE / "packaging/launch"

import pytest

from pmrunnerd.model.entities import ProjectType
from pmrunnerd.model.errors import Refused
from pmrunnerd.rules.checkout import check, taken

RUNNER = ProjectType.RUNNER_DEV


def test_the_tree_of_dev_means_the_checkout_in_it_and_nothing_else_is_changed() -> None:
    assert taken("/opt/pm-runner/dev", RUNNER) == "/opt/pm-runner/dev/src"
    assert taken("/opt/pm-runner/dev/", RUNNER) == "/opt/pm-runner/dev/src"
    assert taken("/opt/pm-runner/dev", ProjectType.NORMAL) == "/opt/pm-runner/dev"
    assert taken("/home/anna/runner", RUNNER) == "/home/anna/runner"


@pytest.mark.parametrize("path", ["/opt/pm-runner/prod", "/opt/pm-runner/dev/src/x", "/srv/x"])
def test_where_a_runner_is_installed_only_that_checkout_is_one(path: str) -> None:
    check("me", "/opt/pm-runner/dev/src", RUNNER, installed=True)
    check("me", path, ProjectType.NORMAL, installed=True)
    with pytest.raises(Refused, match="changed in /opt/pm-runner/dev/src alone") as refused:
        check("me", path, RUNNER, installed=True)
    assert refused.value.hint == "pmrunnerctl project add me /opt/pm-runner/dev --type runner-dev"


def test_where_none_is_installed_any_checkout_is_one() -> None:
    check("me", "/home/anna/runner", RUNNER, installed=False)

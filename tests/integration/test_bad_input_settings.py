"""What people can get wrong about settings of a project, tried with the real client and daemon."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pmrunnerctl.exits import Exit
from tests.integration.daemon import Daemon
from tests.integration.refusals import ctl, is_calm, recorded


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("settings") / "state") as daemon:
        daemon.add_project("cake")
        yield daemon
        is_calm(daemon.log())


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("--plan-approval", "planApproval", "manual"),
        ("--bootstrap-prompt", "bootstrapPrompt", "be brief"),
        ("--type", "projectType", "runner-dev"),
        ("--alias", "alias", "gateau"),
    ],
)
def test_one_setting_of_a_project_changed_leaves_the_others_as_they_are(
    daemon: Daemon, option: str, name: str, value: str
) -> None:
    def shown(alias: str) -> dict[str, Any]:
        done = ctl(daemon, "--json", "project", "show", alias)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)["project"]
        return found

    before = shown("cake")
    assert ctl(daemon, "project", "set", "cake", option, value).returncode == 0
    alias = value if name == "alias" else "cake"
    assert shown(alias) == before | {name: value}
    (fact,) = (fact for fact in recorded(daemon.state)[-1:])
    assert set(fact) - {"fact", "project", "by"} == {name}, "and only that is recorded"
    if name == "alias":
        assert ctl(daemon, "project", "set", alias, "--alias", "cake").returncode == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("project", "set", "cake", "--agent", "nobody"), "cannot use agent 'nobody'"),
        (("project", "set", "cake", "--alias", "Not A Name"), "cannot call a project 'Not A Name'"),
        (("project", "set", "cake"), "no setting was given"),
        (("project", "set", "cake", "--plan-approval", "maybe"), "maybe"),
    ],
    ids=["agent", "alias", "nothing", "no choice"],
)
def test_a_setting_that_cannot_be_is_refused_and_changes_none(
    daemon: Daemon, words: tuple[str, ...], why: str
) -> None:
    before = recorded(daemon.state)
    done = ctl(daemon, *words)
    assert done.returncode == Exit.USAGE
    assert why in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert recorded(daemon.state) == before

import pytest

from pmrunnerd.model.entities import Project
from pmrunnerd.model.errors import Refused
from pmrunnerd.services.agents import registry


def test_an_agent_is_found_by_the_name_it_calls_itself() -> None:
    assert all(registry.find(name).name == name for name in registry.AGENTS)


def test_the_agent_that_projects_have_by_default_is_there() -> None:
    default = Project(id="p1", alias="a", path="/a").agent

    assert registry.find(default).replays


def test_an_unknown_agent_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(Refused, match="cannot use agent 'nobody': known are shell"):
        registry.find("nobody")

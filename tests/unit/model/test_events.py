from typing import get_args

import msgspec
import pytest

from pmrunnerd.model import events as ev
from pmrunnerd.model.naming import kebab
from pmrunnerd.model.progress import AnyProgress, Progress


def every(base: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    return set(base.__subclasses__())


def test_every_fact_is_part_of_the_journal_format() -> None:
    assert every(ev.Event) == set(get_args(ev.AnyEvent))


def test_every_report_is_part_of_the_run_format() -> None:
    assert every(Progress) == set(get_args(AnyProgress))


@pytest.mark.parametrize("fact", get_args(ev.AnyEvent), ids=lambda fact: fact.__name__)
def test_a_fact_says_what_it_means_and_is_named_in_json_as_people_read_it(
    fact: type[msgspec.Struct],
) -> None:
    assert fact.__doc__
    assert fact.__struct_config__.tag == kebab(fact.__name__)
    assert all("_" not in name for name in fact.__struct_encode_fields__)


def test_settings_of_a_project_keep_the_ancestor_s_names() -> None:
    fact = ev.ProjectAdded(project="w1", alias="demo", path="/srv/demo", bootstrap_prompt="be kind")
    assert msgspec.json.encode(fact) == (
        b'{"fact":"project-added","project":"w1","alias":"demo","path":"/srv/demo",'
        b'"bootstrapPrompt":"be kind"}'
    )


def test_what_a_change_does_not_name_is_not_written() -> None:
    fact = ev.ProjectChanged(project="w1", alias="new")
    assert msgspec.json.encode(fact) == b'{"fact":"project-changed","project":"w1","alias":"new"}'

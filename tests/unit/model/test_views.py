import msgspec
import pytest

from pmrunnerd.model import views as v


@pytest.mark.parametrize("view", v.View.__subclasses__(), ids=lambda view: view.__name__)
def test_a_view_is_camel_case_leaves_nothing_out_and_says_what_it_shows(
    view: type[msgspec.Struct],
) -> None:
    assert all("_" not in name for name in view.__struct_encode_fields__)
    assert not view.__struct_config__.omit_defaults
    assert view.__doc__


def test_a_view_of_a_newer_daemon_is_understood() -> None:
    table = msgspec.json.decode(b'{"items":[],"mood":"good"}', type=v.InboxTable)
    assert table == v.InboxTable(items=())

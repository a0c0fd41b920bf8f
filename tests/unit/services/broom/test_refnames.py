import pytest

from pmrunnerd.services.broom.refnames import is_head, is_packed, is_reference

ID = b"a" * 40


@pytest.mark.parametrize(
    "name",
    [
        *(b"", b"refs", b"refs/", b"HEAD", b"/refs/x", b"refs//x", b"refs/x/", b"../refs/x"),
        *(b"refs/../config", b"refs/.x", b"refs/x.lock", b"refs/x.lock/y", b"refs/x."),
        *(b"refs/a b", b"refs/a\n", b"refs/a\0", b"refs/a~1", b"refs/a:b", b"refs/@{1}", b"refs/*"),
    ],
)
def test_what_git_would_not_take_or_leads_elsewhere_is_no_name_of_a_reference(name: bytes) -> None:
    assert not is_reference(name)


@pytest.mark.parametrize("name", [b"refs/x", b"refs/heads/a/b-1", b"refs/heads/\xff", b"refs/@"])
def test_any_other_below_refs_is_one_in_whatever_letters(name: bytes) -> None:
    assert is_reference(name)


@pytest.mark.parametrize("line", [b"", b"ref:", b"ref: HEAD", ID[:39], ID + b"a", ID.upper()])
def test_a_head_is_an_id_or_leads_to_a_reference_and_nothing_else(line: bytes) -> None:
    assert not is_head(line)
    assert is_head(ID)
    assert is_head(b"ref: refs/heads/main")


@pytest.mark.parametrize("line", [b"", ID, ID + b" ", ID + b" HEAD", b"^" + ID + b" refs/x", b"^"])
def test_a_packed_line_has_an_id_and_a_name_or_what_a_tag_leads_to(line: bytes) -> None:
    assert not is_packed(line)
    assert all(map(is_packed, (ID + b" refs/tags/one", b"^" + ID, b"# pack-refs with: peeled")))

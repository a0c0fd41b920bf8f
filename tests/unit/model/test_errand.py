import msgspec
import pytest

from pmrunnerd.model import errand as e


def test_each_errand_has_an_answer_that_can_be_read_back() -> None:
    for kind in e.ERRANDS:
        assert e.answer_of(kind) in e.ANSWERS, kind


def test_no_errand_has_a_secret_in_it() -> None:
    for kind in e.ERRANDS:
        assert "secret" not in kind.__struct_fields__


def test_an_errand_of_a_newer_release_is_understood_as_far_as_it_is_known() -> None:
    newer = msgspec.json.encode({"errand": "probe", "path": "/srv/x", "patience": 5})

    assert msgspec.json.decode(newer, type=e.AnyErrand) == e.Probe(path="/srv/x")


def test_an_errand_that_is_not_known_is_no_other() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"errand":"promote"}', type=e.AnyErrand)


def test_an_errand_is_one_word_of_small_letters() -> None:
    assert {e.word(e.LetGo(workspace="/w", runs=())), e.word(e.Confine())} == {"letgo", "confine"}


@pytest.mark.parametrize(
    ("found", "unconfined", "shown"),
    [
        (e.Confinement(ok=True), True, "bubblewrap"),
        (
            e.Confinement(ok=True, doors=("127.0.0.1:3502",)),
            False,
            "bubblewrap, but they can come to the web door at 127.0.0.1:3502",
        ),
        (e.Confinement(ok=False, reason="no bwrap"), True, "UNCONFINED"),
        (e.Confinement(ok=False, reason="no bwrap"), False, "none: no bwrap; runs are refused"),
        (e.Confinement(ok=False, known=False, reason="why"), True, "not known yet: why"),
    ],
)
def test_how_agents_run_is_shown_as_it_is_known(
    found: e.Confinement, *, unconfined: bool, shown: str
) -> None:
    assert found.shown(unconfined=unconfined) == shown

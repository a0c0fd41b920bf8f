import pytest

from pmrunnerd.model.errors import NotFound, Refused, TooLarge
from pmrunnerd.services.source.complaint import refuse, told
from pmrunnerd.services.source.objects import Damaged, Missing
from pmrunnerd.services.source.walk import TooMuch, Wrong


def test_each_trouble_says_what_could_not_be_done_and_what_helps() -> None:
    with pytest.raises(NotFound, match="cannot eat cake: it is missing") as gone, told("eat cake"):
        raise Missing("it is missing")
    with pytest.raises(Damaged, match="cannot eat cake: it is burnt") as burnt, told("eat cake"):
        raise Damaged("it is burnt")
    with pytest.raises(TooLarge, match="cannot eat cake: 9 of them"), told("eat cake"):
        raise TooMuch("9 of them")

    assert "--unshallow" in str(gone.value.hint)
    assert "git fsck" in str(burnt.value.hint)


def test_only_what_is_wrong_is_refused() -> None:
    wrong = Wrong()
    refuse("eat cake", wrong)
    wrong.add("a", "it is a submodule")
    with pytest.raises(Refused, match="cannot eat cake: a: it is a submodule") as refused:
        refuse("eat cake", wrong)
    assert str(refused.value.hint).startswith("git rm -r --cached PATH")

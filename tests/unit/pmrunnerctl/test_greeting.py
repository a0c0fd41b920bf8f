from pathlib import Path

import pytest

from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.greeting import check
from pmrunnerctl.where import Place
from pmrunnerd import __version__
from pmrunnerd.model.frames import VERSION, Hello

ANY = Place(Path("/x"), "", "pmrunnerctl start")


@pytest.mark.parametrize(
    ("hello", "said", "hint"),
    [
        (
            Hello(lowest=VERSION + 1, highest=VERSION + 2, release="9"),
            "2 to 3",
            "this pmrunnerctl is",
        ),
        (Hello(lowest=0, highest=VERSION - 1, release="0.9"), "protocol 0,", "that pmrunnerd is"),
    ],
)
def test_a_version_that_is_not_ours_is_told_with_both_and_what_to_do(
    hello: Hello, said: str, hint: str
) -> None:
    with pytest.raises(Cannot, match=said) as caught:
        check(hello, ANY)

    assert f"pmrunnerctl {__version__} speaks {VERSION}" in str(caught.value)
    assert caught.value.exits is Exit.UNREACHABLE
    assert caught.value.hint.startswith(hint)


def test_a_daemon_that_speaks_ours_among_others_will_do() -> None:
    check(Hello(lowest=0, highest=VERSION + 5), ANY)


def test_another_environment_than_the_one_that_is_meant_is_never_asked() -> None:
    with pytest.raises(Cannot, match="cannot reach environment prod: /x is environment dev"):
        check(Hello(environment="dev"), ANY._replace(environment="prod"))

    check(Hello(environment="prod"), ANY._replace(environment="prod"))

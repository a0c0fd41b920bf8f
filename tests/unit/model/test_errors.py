import errno
from pathlib import Path

import pytest

from pmrunnerd.model import errors
from pmrunnerd.model.errors import Code, PmError, Unavailable, disk_hint, in_words

# Other rooms have kinds of their own, which say INTERNAL or what they are kinds of.
KINDS = [kind for kind in PmError.__subclasses__() if kind.__module__ == errors.__name__]


def test_every_code_has_one_kind_of_error() -> None:
    assert sorted([PmError.code, *(kind.code for kind in KINDS)]) == sorted(Code)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_says_what_cannot_be_done_and_what_to_do(kind: type[PmError]) -> None:
    error = kind("cannot do it: because", hint="do this")
    assert (str(error), error.hint) == ("cannot do it: because", "do this")
    assert kind.__doc__


def test_only_what_may_work_later_is_retryable() -> None:
    assert {kind for kind in KINDS if kind.retryable} == {Unavailable}


def test_codes_are_spelled_as_scripts_compare_them() -> None:
    assert all(code == code.lower() and " " not in code for code in errors.Code)


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOENT, "mkdir -p /a"),
        (errno.EACCES, "ls -ld /a"),
        (errno.ENOTDIR, "ls -ld /a"),
        (errno.ENOSPC, "df -h /a"),
        (errno.EDQUOT, "df -h /a"),
        (errno.EIO, "dmesg | tail   says what the disk reported"),
        (errno.EMFILE, "ulimit -n   or LimitNOFILE= of the unit; then try again"),
    ],
)
def test_what_a_disk_refuses_has_a_hint_that_looks_where_the_reason_is(
    number: int, hint: str
) -> None:
    assert disk_hint(OSError(number, "no"), Path("/a")) == hint


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/a"), "is a directory: /a"),
        (PermissionError(errno.EPERM, "Operation not permitted"), "operation not permitted"),
        (OSError("No such thing"), "no such thing"),
        (TimeoutError(), "it took too long"),
    ],
)
def test_what_the_machine_refused_is_said_without_its_class(error: OSError, said: str) -> None:
    assert in_words(error) == said

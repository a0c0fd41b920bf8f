import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pmrunnerd.services.source.objects import Damaged, Missing, Objects
from tests.unit.services.source.parts import reader


def of(content: bytes, algorithm: str = "sha1") -> str:
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content).hexdigest()


ID = of(b"hello")


@contextmanager
def refused(why: str, kind: type[Damaged] = Damaged) -> Iterator[None]:
    with pytest.raises(kind, match=why):
        yield


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "did not come"),
        (b"%s blob 5\nhell" % ID.encode(), "did not come to its end"),
        (b"%s blob 5\nhello" % ID.encode(), "did not come to its end"),
        (b"%s blob 5\nhello!" % ID.encode(), "did not come to its end"),
        (b"%s blob 5\nhallo\n" % ID.encode(), "is not what its name says"),
        (b"%s blob 4\nhell\n" % ID.encode(), "is not what its name says"),
        (b"%s tree 5\nhello\n" % ID.encode(), "is no blob, but a tree"),
        (b"%s blob -5\nhello\n" % ID.encode(), "did not come"),
        (b"%s blob 5\nhello\n" % (b"0" * 40), "did not come"),
        (b"x" * 10_000, "did not come"),
    ],
)
def test_what_is_not_the_object_that_was_wanted_is_refused(data: bytes, why: str) -> None:
    with refused(why):
        Objects(reader(data), 40).whole(ID, "blob")


def test_one_that_is_missing_is_told_from_one_that_is_damaged() -> None:
    with refused(f"blob {ID} is missing", Missing):
        Objects(reader(b"%s missing\n" % ID.encode()), 40).whole(ID, "blob")


def test_objects_of_either_hash_come_one_after_the_other() -> None:
    for algorithm in ("sha1", "sha256"):
        ids = [of(text, algorithm) for text in (b"hello", b"", b"two\nlines")]
        data = b"".join(
            b"%s blob %d\n%s\n" % (id.encode(), len(text), text)
            for id, text in zip(ids, (b"hello", b"", b"two\nlines"), strict=True)
        )
        objects = Objects(reader(data), len(ids[0]))

        assert [objects.whole(id, "blob") for id in ids] == [b"hello", b"", b"two\nlines"]


def test_one_that_is_larger_than_is_taken_is_refused_before_it_is_read() -> None:
    with refused("has 999999999999 bytes, and 10 are the most"):
        Objects(reader(b"%s blob 999999999999\n" % ID.encode()), 40).whole(ID, "blob", most=10)


def test_one_that_is_passed_by_may_be_missing_and_may_be_anything() -> None:
    data = b"%s missing\n%s commit 2\nhi\n%s blob 5\nhello\n" % ((ID.encode(),) * 3)
    objects = Objects(reader(data), 40)
    objects.skip(ID)
    objects.skip(ID)

    assert objects.whole(ID, "blob") == b"hello"
    with refused("did not come"):
        objects.skip(ID)

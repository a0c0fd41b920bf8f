import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.rules.proof import manifest
from pmrunnerd.rules.proof.manifest import BadManifest, Entry

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
NAMES = st.binary(min_size=1, max_size=9).filter(lambda name: b"\0" not in name)
TREES = st.dictionaries(
    NAMES.map(lambda name: name.decode(errors="surrogateescape")),
    st.builds(Entry, st.sampled_from(["file", "program", "link"]), DIGESTS),
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"file", "it is cut short"),
        (b"\0", "entry 1 is none"),
        (b"dir %s x\0" % (b"a" * 64), "entry 1 is none"),
        (b"file %s x\0" % (b"A" * 64), "entry 1 is none"),
        (b"file %s x\0" % (b"a" * 64) * 2, "x is in it twice"),
    ],
)
def test_a_list_that_is_none_says_why(data: bytes, why: str) -> None:
    with pytest.raises(BadManifest, match=why):
        manifest.read(data)


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_a_list_is_read_as_it_was_written_and_its_digest_is_of_its_bytes(
    tree: dict[str, Entry],
) -> None:
    written = manifest.write(tree)

    assert manifest.read(written) == tree
    assert manifest.digest(written) == hashlib.sha256(written).hexdigest()


@settings(max_examples=40, deadline=None)
@given(TREES, TREES)
def test_two_trees_differ_exactly_where_their_entries_do(
    one: dict[str, Entry], other: dict[str, Entry]
) -> None:
    assert len(manifest.differences(one, other)) == len({*one.items()} ^ {*other.items()}) - sum(
        name in other and other[name] != entry for name, entry in one.items()
    )
    assert (manifest.write(one) == manifest.write(other)) == (one == other)


def test_a_few_are_named_and_the_others_counted() -> None:
    assert manifest.some(["a", "b"]) == "a; b"
    assert manifest.some("abcde") == "a; b; c; and 2 more"

import hashlib
import importlib.util
import os
import shutil
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pmrunnerd.model.source import Kind
from pmrunnerd.rules.source.digest import Digest
from tests.house.tree import ROOT

# Names that sort differently as text, as bytes and as git sorts them.
NAMES = st.text(
    alphabet=string.ascii_letters + ".-+ \né\uffff\U0001f600", min_size=1, max_size=3
).filter(lambda name: name.strip("."))
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    st.tuples(
        st.sampled_from(Kind), st.binary(min_size=1, max_size=8).filter(lambda b: b"\0" not in b)
    ),
    max_size=8,
)


def _packaging() -> Any:
    spec = importlib.util.spec_from_file_location("contents", ROOT / "packaging/contents.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONTENTS = _packaging()


def made(top: Path, tree: dict[tuple[str, ...], tuple[Kind, bytes]]) -> Digest:
    """Write a tree as far as it can be written, and return its digest."""
    digest = Digest()
    for names, (kind, content) in tree.items():
        path = top.joinpath(*names)
        if any(above.is_symlink() or above.is_file() for above in path.parents) or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.exists():
            continue
        if kind is Kind.LINK:
            path.symlink_to(os.fsdecode(content))
        else:
            path.write_bytes(content)
            path.chmod(0o755 if kind is Kind.PROGRAM else 0o644)
        digest.add("/".join(names), kind, hashlib.sha256(content).hexdigest(), len(content))
    return digest


# Making a tree that begins with no other takes a while where others use the machine, too.
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
@example(tree={("a",): (Kind.LINK, b"d/")})
def test_the_package_and_the_runner_have_one_digest_for_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[tuple[str, ...], tuple[Kind, bytes]]
) -> None:
    top = tmp_path_factory.mktemp("tree")
    digest = made(top, tree)
    found = CONTENTS.contents(top)
    shutil.rmtree(top)

    assert (digest.value(), digest.files, digest.bytes) == (found.digest, found.files, found.bytes)


def test_each_thing_that_matters_makes_another_digest() -> None:
    def of(*entry: Any) -> str:
        digest = Digest()
        digest.add(*entry)
        return digest.value()

    content, other = hashlib.sha256(b"x").hexdigest(), hashlib.sha256(b"y").hexdigest()
    all_of_them = {
        of("a", Kind.FILE, content, 1),
        of("b", Kind.FILE, content, 1),
        of("a", Kind.PROGRAM, content, 1),
        of("a", Kind.LINK, content, 1),
        of("a", Kind.FILE, other, 1),
        Digest().value(),
    }

    assert len(all_of_them) == 6

import os
from pathlib import Path

from pmrunnerd.services.gates.narrowing import narrow
from tests.unit.services.gates.parts import Here


def test_a_tree_has_the_files_that_are_named_as_they_are_and_no_other(tmp_path: Path) -> None:
    place = Here(tmp_path).place
    source = place.tree("source")
    (source / "below/deep").mkdir(parents=True)
    (source / "below/deep/tool").write_text("run\n")
    (source / "below/deep/tool").chmod(0o755)
    (source / "below/other").write_text("no\n")
    (source / "link").symlink_to("below/deep/tool")
    (source / "top").write_text("no\n")
    umask = os.umask(0o077)
    try:
        digest = narrow(place, "source", ["link", "below/deep/tool"], "g1")
        assert narrow(place, "source", ["below/deep/tool", "link"], "g2") == digest
    finally:
        os.umask(umask)
    tree = place.tree(digest)
    found = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*"))
    assert found == ["below", "below/deep", "below/deep/tool", "link"]
    assert (tree / "link").readlink() == Path("below/deep/tool")
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in tree.rglob("*"))
    assert {path.name for path in place.tree("").iterdir()} == {"source", digest}

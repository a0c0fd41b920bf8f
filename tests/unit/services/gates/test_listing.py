import os
from pathlib import Path

from pmrunnerd.services.gates import listing


def test_only_files_declare_gates_and_more_than_is_read_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("/etc/hostname")
    (tmp_path / "package.json").mkdir()
    (tmp_path / "Makefile").write_bytes(b"x" * (2 << 20))
    (tmp_path / "pm-runner.toml").write_text("gates = 1")
    (tmp_path / "other.toml").write_text("gates = 1")
    found = listing.declaring(tmp_path)
    assert found.keys() == {"pm-runner.toml", "Makefile"}
    assert len(found["Makefile"]) == (1 << 20) + 1


def test_a_path_is_of_whatever_is_no_directory_also_of_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/c").write_text("one")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "directory").symlink_to("below")
    assert sorted(listing.paths(tmp_path)) == ["below/c", "directory", "gone"]


def test_each_kind_and_each_content_is_another_digest(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name, text in (("a", "one"), ("b", "two"), ("below/c", "one")):
        (tmp_path / name).write_text(text)
    (tmp_path / "program").write_text("one")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "directory").symlink_to("below")
    found = dict(listing.pairs(tmp_path))
    assert found.keys() == {*listing.paths(tmp_path)}
    assert found.keys() == {"a", "b", "below/c", "program", "link", "directory"}
    assert found["a"] == found["below/c"]
    assert len({found[name] for name in ("a", "b", "program", "link")}) == 4
    os.utime(tmp_path / "a", (1, 1))
    assert dict(listing.pairs(tmp_path)) == found

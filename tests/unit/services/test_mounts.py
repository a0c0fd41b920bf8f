import os
from pathlib import Path

from pmrunnerd.services import memory, mounts


def _pairs(words: list[str]) -> set[tuple[str, ...]]:
    found, rest = set(), list(words)
    while rest:
        size = 2 if rest[0] in {"--tmpfs", "--remount-ro"} else 3
        found.add(tuple(rest[:size]))
        rest = rest[size:]
    return found


def test_what_the_world_may_not_read_is_covered_and_nothing_else(tmp_path: Path) -> None:
    for name, mode in {"open": 0o644, "shadow": 0o640, "dir/key": 0o600, "dir/pub": 0o644}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        path.chmod(mode)
    (tmp_path / "private").mkdir(mode=0o700)
    (tmp_path / "private/inside").write_text("x")
    (tmp_path / "link").symlink_to("shadow")

    assert _pairs(mounts.secrets(tmp_path)) == {
        ("--ro-bind", "/dev/null", str(tmp_path / "shadow")),
        ("--ro-bind", "/dev/null", str(tmp_path / "dir/key")),
        ("--tmpfs", str(tmp_path / "private")),
        ("--remount-ro", str(tmp_path / "private")),
    }


def test_the_kernel_s_settings_are_covered_for_root_and_for_nobody_else() -> None:
    covered = {words[1] for words in _pairs(mounts.kernel())}

    if os.geteuid() == 0:
        assert {"/proc/sys", "/proc/irq"} <= covered
        assert not any(name.removeprefix("/proc/").isdigit() for name in covered)
        assert "/proc/self" not in covered
    else:
        assert covered == set()


def test_the_system_is_shown_read_only() -> None:
    words = mounts.system()

    assert words[:3] == ["--ro-bind", "/usr", "/usr"]
    assert words[-3:] == ["--ro-bind", "/etc", "/etc"]
    assert not {"--bind", "--dev-bind"} & set(words)


def test_a_hidden_directory_is_covered_only_where_it_would_show_through(tmp_path: Path) -> None:
    inside = Path("/usr/share")

    covered = ["--tmpfs", "/usr/share", "--remount-ro", "/usr/share"]
    assert mounts.hidden([tmp_path, inside]) == covered


def test_a_place_in_memory_has_an_eighth_of_what_we_may_use() -> None:
    assert mounts.memory("/tmp") == ("--size", str(memory.total() // 8), "--tmpfs", "/tmp")


def test_the_interpreter_that_a_sandbox_gets_is_where_it_says() -> None:
    shown = mounts.interpreter()

    assert mounts.python().is_file()
    assert mounts.python().is_relative_to(shown[1] if shown else "/usr")


def test_what_a_container_has_in_the_place_of_the_kernel_s_is_no_setting(tmp_path: Path) -> None:
    """As `/proc/kmsg` under systemd-nspawn: a pipe that is deleted, which nobody can mount once more."""
    os.mkfifo(tmp_path / "kmsg", 0o600)
    (tmp_path / "trigger").write_text("")
    (tmp_path / "version").write_text("")
    (tmp_path / "version").chmod(0o444)
    (tmp_path / "sys").mkdir()

    found = {entry.name for entry in os.scandir(tmp_path) if mounts._is_setting(entry)}

    assert found == {"trigger", "sys"}

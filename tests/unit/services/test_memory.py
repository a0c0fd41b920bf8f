from pathlib import Path

import pytest

from pmrunnerd.services import memory


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a /proc and a /sys/fs/cgroup with three nested groups, the inner ones ours."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal:  8000 kB\nMemAvailable:  4000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/outer/ours\n")
    group(tmp_path, "", "max", 0)
    group(tmp_path, "outer", "max", 0)
    group(tmp_path, "outer/ours", "max", 0)
    group(tmp_path, "outer/theirs", "1", 1)
    return tmp_path


def group(machine: Path, name: str, limit: str, used: int, idle: int = 0) -> None:
    directory = machine / "groups" / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "memory.max").write_text(f"{limit}\n")
    (directory / "memory.current").write_text(f"{used}\n")
    (directory / "memory.stat").write_text(f"anon 1\ninactive_file {idle}\nactive_file 1\n")


def available(machine: Path) -> int | None:
    return memory.available(machine / "proc", machine / "groups")


def test_without_limits_it_is_what_the_machine_has(machine: Path) -> None:
    assert available(machine) == 4000 * 1024


@pytest.mark.parametrize("name", ["outer", "outer/ours"])
def test_the_tightest_group_that_we_are_in_counts(machine: Path, name: str) -> None:
    group(machine, name, "1000000", 900_000, idle=50_000)
    assert available(machine) == 150_000


def test_a_group_that_is_over_its_limit_has_nothing_left(machine: Path) -> None:
    group(machine, "outer", "1000", 2000)
    assert available(machine) == 0


def test_a_limit_that_cannot_be_read_is_none_and_no_limit_of_nothing(machine: Path) -> None:
    group(machine, "outer", "1000", 900)
    (machine / "groups/outer/memory.current").unlink()
    assert available(machine) == 4000 * 1024


def test_where_the_kernel_says_nothing_nothing_is_known(tmp_path: Path) -> None:
    assert memory.available(tmp_path, tmp_path) is None


def test_what_there_is_at_all_is_the_tightest_limit_or_the_machine_s(machine: Path) -> None:
    whole = memory.total(machine / "proc", machine / "groups")
    group(machine, "outer", str(whole // 4), 0)
    group(machine, "outer/ours", str(whole * 4), 0)

    assert memory.total(machine / "proc", machine / "groups") == whole // 4
    assert memory.total(machine / "none", machine / "none") == whole


def test_this_machine_says_something_that_can_be() -> None:
    found = memory.available()
    assert found is not None
    assert 1 << 20 < found < 1 << 50

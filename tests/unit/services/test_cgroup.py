from pathlib import Path

from pmrunnerd.services import cgroup

UNIT = "pm-runner-run@prod-r8-4f2a.service"


def _machine(tmp_path: Path, cgroups: str) -> cgroup.Group | None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(cgroups)
    return cgroup.own("r8-4f2a", tmp_path / "proc", tmp_path / "groups")


def _v2(directory: Path, **files: str) -> None:
    directory.mkdir(parents=True)
    for name, text in files.items():
        (directory / name.replace("_", ".", 1)).write_text(f"{text}\n")


def test_the_group_of_whoever_started_us_is_no_run_s(tmp_path: Path) -> None:
    assert _machine(tmp_path, "0::/system.slice/pm-runner@prod.service\n") is None


def test_the_unit_of_another_run_is_not_ours(tmp_path: Path) -> None:
    assert _machine(tmp_path, "0::/pm-runner-run@prod-r18-4f2a.service\n") is None


def test_where_the_kernel_tells_nothing_there_is_nothing(tmp_path: Path) -> None:
    group = _machine(tmp_path, f"0::/{UNIT}\n")

    assert group is not None
    assert group.peak_memory() is group.cpu_seconds() is group.memory_limit() is None
    assert group.killed() == 0


def test_the_one_hierarchy_tells_of_all_that_was_in_it(tmp_path: Path) -> None:
    _v2(
        tmp_path / "groups/pm.slice" / UNIT,
        memory_peak="7000",
        memory_max="max",
        memory_events="low 0\noom 2\noom_kill 1\noom_group_kill 0",
        cpu_stat="usage_usec 1500000\nuser_usec 1\nsystem_usec 1",
    )
    group = _machine(tmp_path, f"0::/pm.slice/{UNIT}\n")

    assert group is not None
    assert (group.peak_memory(), group.cpu_seconds()) == (7000, 1.5)
    assert group.memory_limit() is None
    assert group.killed() == 1


def test_older_hierarchies_tell_the_same(tmp_path: Path) -> None:
    memory = tmp_path / "groups/memory/pm.slice" / UNIT
    memory.mkdir(parents=True)
    (memory / "memory.max_usage_in_bytes").write_text("7000\n")
    (memory / "memory.limit_in_bytes").write_text("9000\n")
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    cpu = tmp_path / "groups/cpuacct/pm.slice" / UNIT
    cpu.mkdir(parents=True)
    (cpu / "cpuacct.usage").write_text("2500000000\n")
    group = _machine(
        tmp_path,
        f"9:name=systemd:/pm.slice/{UNIT}\n4:memory:/pm.slice/{UNIT}\n2:cpu,cpuacct:/pm.slice/{UNIT}\n0::/\n",
    )

    assert group is not None
    assert (group.peak_memory(), group.cpu_seconds()) == (7000, 2.5)
    assert (group.memory_limit(), group.killed()) == (9000, 3)

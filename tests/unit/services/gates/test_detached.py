import asyncio
import os
from pathlib import Path

from pmrunnerd.services import leftovers
from pmrunnerd.services.gates import Kind
from pmrunnerd.services.gates.detached import launcher
from tests.unit.services.gates.parts import Here, awaited, until

# Seconds that nobody else sleeps: the first digits of them.
SLEEP = f"1{os.getpid()}"


@awaited
async def test_a_gate_is_believed_by_what_the_kernel_says_of_it(tmp_path: Path) -> None:
    here = Here(tmp_path)
    for number, (command, status) in enumerate(
        (
            ("cat hello", "0"),
            ("echo 1000 passed; exit 3", "3"),
            ("false | true", "1"),
            ("kill -KILL $$", "137"),
            ("exit 250", "250"),
        )
    ):
        record = await here.tried(f"g1-aaaa-n{number}", command)
        assert (record.code, record.status) == ("exited", status), command
        assert record.by == "detached"
        assert record.altered == ()
    assert here.said("g1-aaaa-n0") == "hello\n"


@awaited
async def test_one_of_a_user_whose_walls_need_nothing_beside_is_tried(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.place.write("g1-aaaa-one", here.order("true"), ())
    await here.trier.start("g1-aaaa-one", Kind.GATE)
    record = await here.over("g1-aaaa-one")
    assert record is not None
    assert (record.code, record.status) == ("exited", "0")


@awaited
async def test_what_it_writes_can_be_read_as_anywhere_whatever_the_daemon_s_umask(
    tmp_path: Path,
) -> None:
    here = Here(tmp_path)
    before = os.umask(0o077)
    try:
        record = await here.tried("g1-aaaa-one", "test $(umask) = 0022 && test -d /mnt")
    finally:
        os.umask(before)
    assert record.status == "0"


@awaited
async def test_what_it_used_is_counted_with_all_that_it_started(tmp_path: Path) -> None:
    here = Here(tmp_path)
    work = (
        "import time; x = b'x' * (64 << 20); any(time.process_time() > 0.5 for _ in iter(int, 1))"
    )
    record = await here.tried("g1-aaaa-one", f'python3 -c "{work}"')
    assert record.status == "0", here.said("g1-aaaa-one")
    assert (record.used.cpu_seconds or 0) >= 0.5
    assert (record.used.peak_memory or 0) >= 64 << 20


@awaited
async def test_it_reaches_nothing_of_ours_and_nobody_s_port(tmp_path: Path) -> None:
    here = Here(tmp_path)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    build = here.tree(program="built\n")
    try:
        record = await here.tried(
            "g1-aaaa-one",
            f"""\
            cat $PMRUNNER_BUILT/program; echo changed > hello; touch $HOME/x /tmp/x
            ! ls {tmp_path}; ! cat /etc/shadow 2>&1 | grep -q root
            ! touch $PMRUNNER_BUILT/x; ! touch /usr/x; ! echo 1 > /proc/sys/vm/overcommit_memory
            ! kill -0 {os.getpid()}
            ! exec 3<>/dev/tcp/127.0.0.1/{port}
            """,
            build=build,
        )
    finally:
        server.close()
    assert record.status == "0", here.said("g1-aaaa-one")
    assert record.altered == ()
    assert not (here.place.path("g1-aaaa-one") / "work").exists()


@awaited
async def test_one_that_is_stopped_is_gone_with_all_that_it_started(tmp_path: Path) -> None:
    here = Here(tmp_path)
    await here.begin("g1-aaaa-one", f"setsid sleep {SLEEP}1 & trap '' TERM; echo up; wait; wait")
    await until(lambda: "up" in here.said("g1-aaaa-one"))
    await here.trier.stop("g1-aaaa-one")
    record = here.place.record("g1-aaaa-one")
    assert record is not None
    assert (record.code, record.status) == ("killed", "KILL")
    assert not await here.trier.alive("g1-aaaa-one")
    assert _asleep(f"{SLEEP}1") == []


@awaited
async def test_where_whoever_attends_it_is_killed_nothing_of_it_is_left(tmp_path: Path) -> None:
    here = Here(tmp_path)
    for number in range(8):
        name = f"g1-aaaa-n{number}"
        await here.begin(name, f"sleep {SLEEP}4")
        lock = here.place.path(name) / "lock"
        await until(lock.read_text)
        # Its walls are built some hundredths of a second later, in many steps.
        await asyncio.sleep(0.02 * number)
        os.kill(int(lock.read_text()), 9)
        await here.trier.stop(name)
        assert leftovers.of(here.trier.mark(name)) == set()
        assert _asleep(f"{SLEEP}4") == []


@awaited
async def test_one_of_the_same_name_in_another_state_is_not_stopped_with_it(tmp_path: Path) -> None:
    here, there = (Here(tmp_path / name) for name in ("one", "another"))
    for each in (here, there):
        await each.begin("g1-aaaa-one", f"echo up; sleep {SLEEP}5")
    await until(lambda: "up" in here.said("g1-aaaa-one") and "up" in there.said("g1-aaaa-one"))
    await here.trier.stop("g1-aaaa-one")
    assert await there.trier.alive("g1-aaaa-one")
    assert len(_asleep(f"{SLEEP}5")) > 0
    await there.trier.stop("g1-aaaa-one")
    assert _asleep(f"{SLEEP}5") == []


@awaited
async def test_one_that_is_tried_twice_is_tried_once(tmp_path: Path) -> None:
    here = Here(tmp_path)
    first = await here.tried("g1-aaaa-one", "exit 7")
    assert await here.tried("g1-aaaa-one", "exit 7") == first
    assert "tried before" in (here.place.path("g1-aaaa-one") / "launch.log").read_text()


@awaited
async def test_what_was_killed_with_its_gate_has_written_nothing_down(tmp_path: Path) -> None:
    here = Here(tmp_path)
    await here.begin("g1-aaaa-one", f"echo up; sleep {SLEEP}2")
    path = here.place.path("g1-aaaa-one")
    await until(lambda: "up" in here.said("g1-aaaa-one"))
    os.kill(int((path / "lock").read_text()), 9)
    assert await here.over("g1-aaaa-one") is None
    assert here.place.has_begun("g1-aaaa-one")
    await until(lambda: not _asleep(f"{SLEEP}2"))


@awaited
async def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    here = Here(tmp_path)
    record = await here.tried("g1-aaaa-one", "trap '' TERM; while :; do sleep 9; done", timeout=0.2)
    assert record.status == "251"
    assert "longer than 0.2 s" in here.place.told("g1-aaaa-one").why


@awaited
async def test_its_counts_of_tests_are_the_ones_that_were_written_down(tmp_path: Path) -> None:
    here = Here(tmp_path)
    record = await here.tried("g1-aaaa-one", "echo '<a/>' > j.xml", tests="j.xml")
    assert here.place.junit(record) == b"<a/>\n"


def test_there_is_something_that_tries_gates_in_a_checkout() -> None:
    assert launcher().name == "launch"


def _asleep(seconds: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(str(path))
        except OSError:
            continue
    return found

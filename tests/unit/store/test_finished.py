from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.entities import Plan, PlanState, Run, Task, TaskState
from pmrunnerd.model.state import State
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.failures import HistoryDamaged
from pmrunnerd.store.finished import FILE, Bundle, Finished, ended
from pmrunnerd.store.index import Index

PLAN = Plan(id="p2", project="w1", message="m2", title="two", state=PlanState.ERROR, tasks=("t3",))
TASK = Task(
    id="t3",
    project="w1",
    plan="p2",
    name="one",
    title="one",
    text="echo",
    state=TaskState.ERROR,
    runs=("r5-4f2a",),
)
RUN = Run(id="r5-4f2a", task="t3", project="w1", agent="shell", attempt=1, at="")


def a_state() -> State:
    state = State()
    state.plans.put("p2", PLAN)
    state.tasks.put("t3", TASK)
    state.runs.put("r5-4f2a", RUN)
    return state


def put_away(directory: Path, *bundles: Bundle) -> Finished:
    index = Index(Disk(), directory, {})
    finished = Finished(Disk(), index, 0, {})
    index.column("tasks").put(3, 2)
    index.column("runs").put(5, 2)
    for bundle in bundles:
        write(finished, directory, bundle)
    return finished


def write(finished: Finished, directory: Path, bundle: Bundle) -> None:
    lines = finished.lines([bundle])
    moved = finished.point(lines)
    with (directory / FILE).open("ab") as file:
        file.write(lines.data)
    finished.settle(lines, moved)


def test_what_was_put_away_is_found_by_the_name_of_each_part(tmp_path: Path) -> None:
    [bundle] = ended(a_state())
    finished = put_away(tmp_path, bundle)

    assert finished.find("plans", "p2") == PLAN
    assert finished.find("tasks", "t3") == TASK
    assert finished.find("runs", "r5-4f2a") == RUN


@pytest.mark.parametrize(
    ("table", "name"),
    [
        *(("plans", name) for name in ("p1", "p3", "p99", "x", "p", "p-2", "p2x", "pé")),
        *(("tasks", name) for name in ("t1", "t2", "t4", "t99", "t3-4f2a")),
        *(("runs", name) for name in ("r5", "r5-0000", "r4-4f2a", "r99")),
        ("questions", "q1"),
    ],
)
def test_a_name_that_nothing_has_is_not_found(tmp_path: Path, table: str, name: str) -> None:
    finished = put_away(tmp_path, *ended(a_state()))
    with pytest.raises(KeyError):
        finished.find(table, name)


def test_what_belongs_to_a_plan_that_is_nowhere_is_damage(tmp_path: Path) -> None:
    finished = put_away(tmp_path, *ended(a_state()))
    finished._index.column("tasks").put(4, 9)
    with pytest.raises(KeyError):
        finished.find("tasks", "t4")  # of a plan in memory, which has no such task
    finished.is_alive = lambda name: name != "p9"
    with pytest.raises(HistoryDamaged, match=r"cannot find t4: .*/tasks says p9, which is nowhere"):
        finished.find("tasks", "t4")


def test_what_does_not_belong_to_its_plan_is_damage(tmp_path: Path) -> None:
    finished = put_away(tmp_path, *ended(a_state()))
    finished._index.column("tasks").put(4, 2)
    with pytest.raises(HistoryDamaged, match=r"cannot find t4 in .*: its plan is another one"):
        finished.find("tasks", "t4")


def test_a_plan_that_ended_twice_is_found_as_it_ended_last(tmp_path: Path) -> None:
    [first] = ended(a_state())
    finished = put_away(tmp_path, first)
    again = Bundle(plan=replace(PLAN, reason="again"), tasks=(TASK,), runs=(RUN,))
    write(finished, tmp_path, again)

    assert finished.find("plans", "p2").reason == "again"
    assert finished.moved == {"2": len(finished.lines([first]).data)}


def test_what_an_older_snapshot_points_to_is_still_what_it_was(tmp_path: Path) -> None:
    [first] = ended(a_state())
    finished = put_away(tmp_path, first)
    older = Finished(Disk(), finished._index, finished.size, finished.moved)
    write(finished, tmp_path, Bundle(plan=replace(PLAN, reason="again")))

    assert older.find("plans", "p2") == PLAN


def test_what_changed_since_it_was_collected_stays_alive_as_a_whole(tmp_path: Path) -> None:
    state = a_state()
    [bundle] = ended(state)
    state.runs.put("r5-4f2a", replace(RUN, head="changed"))
    bundle.put_away(state)
    assert [len(state.table(name)) for name in State.FINISHED] == [1, 1, 1, 0]
    [fresh] = ended(state)
    fresh.put_away(state)
    assert [len(state.table(name)) for name in State.FINISHED] == [0, 0, 0, 0]


def test_a_line_that_is_not_as_it_was_written_is_damage(tmp_path: Path) -> None:
    finished = put_away(tmp_path, *ended(a_state()))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().replace(b"echo", b"ECHO"))
    with pytest.raises(HistoryDamaged, match="does not match its checksum") as damage:
        finished.find("plans", "p2")
    assert "pmrunnerctl restart" in str(damage.value.hint)
    assert not finished._index.is_trusted


@pytest.mark.parametrize("how", ["cut", "removed"])
def test_a_file_that_is_not_there_any_more_is_damage(tmp_path: Path, how: str) -> None:
    finished = put_away(tmp_path, *ended(a_state()))
    path = tmp_path / FILE
    if how == "cut":
        path.write_bytes(path.read_bytes()[: finished.size // 2])
    else:
        path.unlink()
    with pytest.raises(HistoryDamaged, match=r"has become shorter|is missing"):
        finished.find("plans", "p2")
    assert not finished._index.is_trusted


def test_a_bundle_larger_than_one_look_is_read_whole(tmp_path: Path) -> None:
    large = replace(TASK, text="x" * 100_000)
    finished = put_away(tmp_path, Bundle(plan=PLAN, tasks=(large,)), *ended(a_state()))
    older = Finished(Disk(), finished._index, finished.size, {})
    assert older.find("tasks", "t3").text == "x" * 100_000

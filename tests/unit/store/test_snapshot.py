from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerd.model.accounts import Account
from pmrunnerd.model.entities import Message, PlanState, Project
from pmrunnerd.model.gates import Acceptance, Gating, GatingState
from pmrunnerd.model.promotion import Deed
from pmrunnerd.model.promotions import Promotion, PromotionState
from pmrunnerd.model.state import State
from pmrunnerd.store import snapshot
from pmrunnerd.store.durable import Disk
from pmrunnerd.store.segments import Extent
from pmrunnerd.store.snapshot import NONE, Living
from tests.unit.store.test_finished import PLAN, RUN, TASK, a_state
from tests.unit.store.trouble import BadSector


def test_what_is_alive_comes_back_as_it_was_and_what_has_ended_is_left_out() -> None:
    state = a_state()
    state.projects.put("w1", Project(id="w1", alias="demo", path="/srv/demo"))
    state.messages.put("m9", Message(id="m9", project="w1", text="hi", by="anna", at=""))
    state.plans.put("p3", replace(PLAN, id="p3", state=PlanState.ACTIVE, tasks=("t4",)))
    state.tasks.put("t4", replace(TASK, id="t4", plan="p3", runs=("r6-4f2a",)))
    state.runs.put("r6-4f2a", replace(RUN, id="r6-4f2a", task="t4"))
    state.active.put("r6-4f2a", state.runs["r6-4f2a"])
    state.minted.put("t", 4)
    state.tallies.put("w1 ERROR", 2)
    state.about.put("release", "0.1.0")
    state.accounts.put("claude", Account(id="claude", login="token", limit="rate"))

    gating = Gating(id="g4", project="w1", state=GatingState.QUEUED, names=("unit",))
    state.gatings.put("g4", gating)
    accepted = Acceptance(id="w1 abc", project="w1", found=(), by="anna", at="")
    state.accepted.put("w1 abc", accepted)
    asked = Promotion(
        id="x5-4f2a",
        project="w1",
        deed=Deed.TRY,
        environment="dev",
        release="1",
        state=PromotionState.ON_TRIAL,
    )
    state.promotions.put("x5-4f2a", asked)

    again = Living.of(state).state(9, dict[tuple[str, str], object]().__getitem__)  # type: ignore[arg-type]

    assert again.seq == 9
    for name in State.TABLES:
        wanted = {k: v for k, v in state.table(name).items() if k not in ("p2", "t3", "r5-4f2a")}
        assert dict(again.table(name)) == wanted, name


def test_a_snapshot_that_was_saved_is_loaded(tmp_path: Path) -> None:
    saved = replace(NONE, seq=7, segments=(Extent(1, 100, 5),), columns={"places": 7}, finished=9)
    snapshot.save(Disk(), tmp_path, saved)
    assert snapshot.load(Disk(), tmp_path) == saved
    assert dict(snapshot.sizes(saved)) == {"places": 56, "finished.jsonl": 9}


@pytest.mark.parametrize("content", [b"", b"{}", b'["00000000",{}]\n', b"\xff\xfe"])
def test_what_is_no_snapshot_is_not_loaded_and_can_be_taken_away(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / snapshot.FILE).write_bytes(content)
    assert snapshot.load(Disk(), tmp_path) is None
    assert snapshot.is_there(Disk(), tmp_path)
    snapshot.retract(Disk(), tmp_path)
    assert not snapshot.is_there(Disk(), tmp_path)
    assert snapshot.load(Disk(), tmp_path) is None


def test_a_snapshot_of_other_rules_or_another_format_is_not_loaded(tmp_path: Path) -> None:
    for other in (replace(NONE, fold="x"), replace(NONE, format="0 little")):
        snapshot.save(Disk(), tmp_path, other)
        assert snapshot.load(Disk(), tmp_path) is None


def test_whose_snapshot_is_there_is_told_only_if_it_can_be_read(tmp_path: Path) -> None:
    assert snapshot.is_of(Disk(), tmp_path, 0)
    snapshot.save(Disk(), tmp_path, replace(NONE, seq=7))
    assert snapshot.is_of(Disk(), tmp_path, 7)
    for seq in (0, 6):
        assert not snapshot.is_of(Disk(), tmp_path, seq)
    for seq in (0, 7):
        assert not snapshot.is_of(BadSector(snapshot.FILE), tmp_path, seq)

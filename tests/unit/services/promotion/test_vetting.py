import os
from pathlib import Path

import msgspec
import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.gates import Counted
from pmrunnerd.model.proof import GATES, PAPERS
from pmrunnerd.model.statement import Statement
from pmrunnerd.services.promotion.records import Records
from pmrunnerd.services.promotion.vetting import Vetting
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.store.durable import Disk
from tests.unit.rules.proof import samples
from tests.unit.services.promotion.ground import Prod


@pytest.fixture
def prod(tmp_path: Path) -> Prod:
    return Prod(tmp_path)


def vetting(prod: Prod) -> Vetting:
    return Vetting(Shelf(prod.root, "prod"), Records(prod.root, "prod", Disk()))


def refused(prod: Prod, **changed: object) -> str:
    with pytest.raises(Refused) as failed:
        vetting(prod).must_hold(prod.order(**changed))
    return str(failed.value)


def test_what_holds_is_not_refused(prod: Prod) -> None:
    vetting(prod).must_hold(prod.order())


def test_every_reason_is_said_at_once(prod: Prod) -> None:
    (prod.home / "releases" / prod.new / "lib/x").touch()
    why = refused(prod, approved_by="", section=b"of nothing")
    for one in ("nobody approved it", "tree: lib/x", "evidence: its section does not name", "4 of"):
        assert one in why


def test_gates_that_failed_are_not_made_good_by_who_asks(prod: Prod) -> None:
    record = msgspec.json.decode(prod.record)
    record["results"][0]["verdict"] = "failed"
    assert "gates: unit: failed" in refused(prod, record=msgspec.json.encode(record))


def test_a_record_that_is_none_is_refused(prod: Prod) -> None:
    assert "it is no record of a gate run" in refused(prod, record=b"{}")


def test_gates_that_ask_less_than_those_of_what_runs_need_somebody_who_accepts_just_that(
    prod: Prod,
) -> None:
    papers = prod.home / "releases" / prod.old / PAPERS
    papers.mkdir()
    before = samples.run(samples.result(tests=Counted(ran=100)))
    (papers / GATES).write_bytes(msgspec.json.encode(before))

    why = refused(prod, weaker="0" * 64, weaker_by="anna")
    assert "gate unit ran 7 tests, 93 % fewer than 100, and nobody accepted that" in why


def test_a_rollback_asks_for_no_papers_but_for_every_byte(prod: Prod) -> None:
    prod.promote()
    order = prod.order(id="p2", deed="rollback", release=prod.old, record=b"", section=b"")
    vetting(prod).must_hold(order)
    (prod.home / "releases" / prod.old / "lib/cake/bake.py").write_text("heat = 1\n")
    assert "lib/cake/bake.py was changed" in refused(
        prod, id="p2", deed="rollback", release=prod.old, record=b"", section=b""
    )


def test_what_is_laid_down_to_be_signed_is_of_this_release_and_ours_alone_to_change(
    prod: Prod,
) -> None:
    record = Records(prod.root, "prod", Disk()).of(prod.order())
    before = os.umask(0)
    try:
        vetting(prod).lay(record, Disk())
    finally:
        os.umask(before)
    found = msgspec.json.decode((record.place / "statement.json").read_bytes(), type=Statement)
    assert found.subject[0].name == prod.new
    assert found.predicate.approval.by == "anna"
    assert all(path.stat().st_mode & 0o022 == 0 for path in record.place.iterdir())

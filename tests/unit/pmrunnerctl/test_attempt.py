from pathlib import Path

from pmrunnerd.model import frames
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Code
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl
from tests.unit.pmrunnerctl.moves import PLAN


def refused(hint: str) -> frames.Failed:
    return frames.Failed(call=1, code=Code.REFUSED, message="cannot try: x", hint=hint)


def test_a_commit_is_tried_in_dev(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Try] = p.Done(id="x2-4f2a")

    assert ctl("try", "main", "--project", "runner").status == 0
    assert daemon.requests() == [p.Try(project="runner", commit="main")]


def test_what_no_build_mends_is_not_built(ctl: Ctl, daemon: FakeDaemon) -> None:
    daemon.answers[p.Try] = refused("pmrunnerctl release list")

    found = ctl("try")

    assert found.status == 10
    assert [type(one) for one in daemon.requests()] == [p.Try]


def test_what_cannot_be_built_says_so_and_what_ran_runs_on(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    daemon.answers[p.Try] = refused("pmrunnerctl release build --fetch cccc")
    daemon.answers[p.PromotionCheck] = PLAN
    row = samples.project_row(alias=PLAN.alias, path=str(tmp_path))
    daemon.answers[p.Status] = samples.overview(projects=(row,))

    found = ctl("try")

    assert found.status == 10, found
    assert "building a release of cccccccccccc for dev\n" in found.err
    assert "cannot try cccccccccccc, and dev runs on as before: cannot " in found.err
    assert [type(one) for one in daemon.requests()].count(p.Try) == 1

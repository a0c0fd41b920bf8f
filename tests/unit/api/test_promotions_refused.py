from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pmrunnerd.api.desk import Desk
from pmrunnerd.api.respond import respond
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.promotion import Deed
from tests.unit.api.test_promotions import ADMIN, Premises, played
from tests.unit.rules.promotion.premises import NEW, OLD, SEAL, SHELVED


def test_a_probation_in_which_one_that_hangs_would_not_be_found_is_refused(tmp_path: Path) -> None:
    async def scene(desk: Desk, __: Premises) -> None:
        short: tuple[p.Request[Any], ...] = (
            p.Promote(approve=SEAL, probation=29),
            p.Promote(release=NEW.id, probation=29),
            p.Rollback(probation=29),
        )
        for request in short:
            with pytest.raises(BadRequest, match="two watchdogs take 30 s") as refused:
                await respond(desk, ADMIN, request, "")
            assert (refused.value.hint or "").endswith(" --probation 30")

    played(tmp_path, scene)


def test_what_the_package_brings_is_promoted_by_its_name_and_not_with_a_commit(
    tmp_path: Path,
) -> None:
    async def scene(desk: Desk, found: Premises) -> None:
        found.shelf = replace(SHELVED, package=OLD.source)
        with pytest.raises(BadRequest, match="by its name and a commit at once"):
            await respond(desk, ADMIN, p.Promote(release=OLD.id, commit="main"), "")
        for _ in range(2):
            asked = p.Promote(release=OLD.id)
            assert await respond(desk, ADMIN, asked, "") == p.Done(id="x1-4f2a")
        assert desk.store.state.promotion("x1").deed is Deed.UPGRADE

    played(tmp_path, scene)

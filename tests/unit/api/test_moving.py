import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from pmrunnerd.api.moving import Still
from pmrunnerd.model.errors import Refused
from tests.unit.rules.promotion import premises
from tests.unit.rules.promotion.test_promotions import ASKED


def test_where_nothing_moves_releases_that_is_said() -> None:
    still = Still()
    promotion = premises.state(ASKED).promotion("x1")
    every: tuple[Coroutine[Any, Any, Any], ...] = (
        still.look(premises.PROJECT, ""),
        still.shelved("prod"),
        still.changes(premises.PROJECT, ""),
        still.go_on(promotion),
    )
    for one in every:
        with pytest.raises(Refused, match="cannot move releases: nothing here does"):
            asyncio.run(one)
    assert not still.stuck

from functools import partial
from pathlib import Path

import pytest

from pmrunnerd.configured import FIXED, Configured
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Settings, table
from pmrunnerd.model.upkeep import Reloaded
from pmrunnerd.options import again, parse


class House:
    """A daemon with a file, and whoever uses its settings."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "dev.toml"
        self.file.write_text("[runs]\nslots = 3\n")
        options = parse(["--config", str(self.file), "--runs-total", "1h"], {})
        self.configured = Configured(options, partial(again, options, {}))
        self.used: list[Settings] = []
        self.configured.use(self.used.append)


def test_a_file_that_is_wrong_changes_nothing_and_its_key_is_named(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.file.write_text("[runs]\nslots = 0\nsilence = 60\n")
    with pytest.raises(BadRequest, match=r"runs\.slots"):
        house.configured.reload()
    assert house.configured.settings.runs_slots == 3
    assert "runs.slots" in house.configured.problem()
    house.configured.notice()
    assert house.used == []
    house.file.write_text("[runs]\nslots = 3\n")
    assert house.configured.reload() == Reloaded(used=())
    assert house.configured.problem() == ""


def test_what_can_be_used_at_once_is_and_an_option_wins_as_ever(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.file.write_text("[runs]\nslots = 5\ntotal = 60\n")
    assert house.configured.reload() == Reloaded(used=("runs.slots",))
    (used,) = house.used
    assert (used.runs_slots, used.runs_total) == (5, 3600.0)
    assert house.configured.problem() == ""


def test_what_needs_a_restart_is_told_until_it_is_as_it_was(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.file.write_text("[runs]\nslots = 3\n[web]\nport = 4000\n")
    house.configured.notice()
    assert house.configured.problem() == "restart needed for web.port"
    assert house.configured.settings.web_port == 3503
    assert house.used == []
    house.file.unlink()
    house.file.write_text("")
    assert house.configured.reload() == Reloaded(used=("runs.slots",))
    assert house.configured.problem() == ""


def test_what_is_fixed_are_settings() -> None:
    assert set(FIXED) < {row.field for row in table()}

from typing import Any

import pytest
from msgspec.structs import asdict

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Row, Settings, resolve, table


def test_every_setting_is_spelled_for_every_door_and_says_what_it_does() -> None:
    for row in table():
        assert row.help.endswith("."), row.key
        assert row.variable == "PMRUNNER_" + row.key.upper().replace(".", "_")
        assert row.option == "--" + row.key.replace(".", "-").replace("_", "-")


def test_options_win_over_variables_and_variables_over_the_file() -> None:
    file = {"web": {"port": 1}, "runs": {"slots": 5, "total": 60}}
    found = resolve(file, {"PMRUNNER_WEB_PORT": "2", "PMRUNNER_RUNS_SLOTS": "6"}, {"web_port": "3"})
    assert (found.web_port, found.runs_slots, found.runs_total) == (3, 6, 60.0)


def test_nothing_given_is_the_defaults() -> None:
    assert resolve({}, {"HOME": "/root"}, {"web_port": None}) == Settings()


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ({"web": {"prot": 1}}, r"there is no setting web\.prot"),
        ({"port": 1}, "there is no setting port"),
        ({"web": {"port": "x"}}, r"setting web\.port = 'x': it is a whole number from 0 to 65535"),
        ({"web": {"port": 70000}}, r"setting web\.port = 70000: it is a whole number from 0"),
        ({"runs": {"slots": 0}}, r"setting runs\.slots = 0: it is a whole number from 1 to 64"),
        ({"store": {"checkpoint": 0}}, "it is a whole number of 1 or more"),
        (
            {"runs": {"memory": "64GB"}},
            r"'64GB': it is a number of bytes, or a size such as 512MiB",
        ),
        ({"runs": {"memory": -1}}, "it is a number of bytes, or a size such as 512MiB"),
        ({"runs": {"silence": "0s"}}, "it is a number of seconds, or a time .* above 0"),
        ({"runs": {"unconfined": "maybe"}}, "it is true or false"),
    ],
)
def test_a_wrong_setting_is_named(file: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        resolve(file, {}, {})
    assert refused.value.hint


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("runs_memory", "64GiB", 64 << 30),
        ("runs_memory", "1.5 MiB", 3 << 19),
        ("retention_size", "2TiB", 2 << 40),
        ("retention_age", "30d", 30 * 86400.0),
        ("runs_silence", "90 s", 90.0),
        ("runs_total", "1.5h", 5400.0),
    ],
)
def test_sizes_and_times_may_have_a_unit_at_any_door(
    field: str, written: str, value: float
) -> None:
    (row,) = (row for row in table() if row.field == field)
    section, _, name = row.key.partition(".")
    for found in (
        resolve({section: {name: written}}, {}, {}),
        resolve({}, {row.variable: written}, {}),
        resolve({}, {}, {field: written}),
    ):
        assert getattr(found, field) == value


@pytest.mark.parametrize("row", table(), ids=lambda row: row.key)
def test_a_default_is_told_as_it_may_be_written(row: Row) -> None:
    assert resolve({}, {row.variable: row.shown}, {}) == Settings()


def another(row: Row) -> Any:
    """Return a value of a setting that is not its default."""
    if isinstance(row.default, bool):
        return not row.default
    return "localhost" if isinstance(row.default, str) else row.default + 1


@pytest.mark.parametrize("row", table(), ids=lambda row: row.key)
def test_one_setting_changed_at_any_door_leaves_the_others_as_they_are(row: Row) -> None:
    value = another(row)
    section, _, name = row.key.partition(".")
    expected = asdict(Settings()) | {row.field: value}
    spelled = str(value).lower() if isinstance(value, bool) else str(value)
    assert asdict(resolve({section: {name: value}}, {}, {})) == expected
    assert asdict(resolve({}, {row.variable: spelled}, {})) == expected
    assert asdict(resolve({}, {}, {row.field: spelled})) == expected


@pytest.mark.parametrize("row", table(), ids=lambda row: row.key)
def test_one_setting_at_a_stronger_door_leaves_the_others_of_the_weaker_one(row: Row) -> None:
    file: dict[str, dict[str, Any]] = {}
    for other in table():
        section, _, name = other.key.partition(".")
        file.setdefault(section, {})[name] = another(other)
    spelled = str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
    others = {other.field: another(other) for other in table()}
    found = asdict(resolve(file, {row.variable: spelled}, {}))
    assert found == others | {row.field: row.default}

import shlex
from typing import Any

import pytest
from msgspec.structs import asdict

from pmrunnerd.model.configuration import resolve
from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Row, Settings, table


def test_a_section_in_a_section_is_a_table_in_a_table() -> None:
    file = {"agent": {"claude": {"path": "/opt/claude", "task_dollars": 2}, "env": {"A_CA": "x"}}}
    found = resolve(file, {"PMRUNNER_AGENT_CLAUDE_TURNS": "7"}, {"agent_claude_model": "opus"})
    assert (found.agent_claude_path, found.agent_claude_task_dollars) == ("/opt/claude", 2.0)
    assert (found.agent_claude_turns, found.agent_claude_model) == (7, "opus")
    assert found.agent_env == {"A_CA": "x"}


def test_the_login_of_an_agent_that_nothing_else_brings_is_a_setting_of_its_own() -> None:
    found = resolve({"agent": {"acp": {"env": {"GEMINI_API_KEY": "k"}}}}, {}, {})
    assert (found.agent_acp_env, found.agent_env) == ({"GEMINI_API_KEY": "k"}, {})


def test_options_win_over_variables_and_variables_over_the_file() -> None:
    file = {"web": {"port": 1}, "runs": {"slots": 5, "total": 60}}
    found = resolve(file, {"PMRUNNER_WEB_PORT": "2", "PMRUNNER_RUNS_SLOTS": "6"}, {"web_port": "3"})
    assert (found.web_port, found.runs_slots, found.runs_total) == (3, 6, 60.0)


def test_what_is_wrong_in_the_file_is_named_where_a_variable_or_an_option_wins_over_it() -> None:
    file = {"runs": {"slots": 0}}
    with pytest.raises(BadRequest, match=r"setting runs\.slots = 0"):
        resolve(file, {"PMRUNNER_RUNS_SLOTS": "4"}, {})
    with pytest.raises(BadRequest, match=r"setting runs\.slots = 0"):
        resolve(file, {}, {"runs_slots": "4"})


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
        ({"store": {"checkpoint": 0}}, "it is a whole number from 1 to 1000000"),
        (
            {"runs": {"memory": "64GB"}},
            r"'64GB': it is a number of bytes, or a size such as 512MiB",
        ),
        ({"runs": {"memory": -1}}, "it is a number of bytes, or a size such as 512MiB"),
        ({"runs": {"silence": "0s"}}, "it is a number of seconds, or a time .* above 0"),
        ({"runs": {"unconfined": "maybe"}}, "it is true or false"),
        ({"agent": {"claude": {"paht": "x"}}}, r"there is no setting agent\.claude\.paht"),
        ({"agent": {"claude": "x"}}, r"there is no setting agent\.claude"),
        ({"agent": {"claude": {"dollars": -1}}}, "it is a number of US dollars, 0 for no limit"),
        ({"agent": {"env": {"PATH": "/x"}}}, "PATH may not be set: the sandbox"),
        (
            {"agent": {"env": {"AWS_SECRET_ACCESS_KEY": "hush"}}},
            r"agent\.env: AWS_SEC.* is a login",
        ),
        ({"agent": {"env": {"A": 1}}}, r"setting agent\.env: A is to be a text"),
        ({"agent": {"env": ["A"]}}, "it is variables, such as"),
    ],
)
def test_a_wrong_setting_is_named(file: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        resolve(file, {}, {})
    assert refused.value.hint


def test_who_wrote_a_wrong_line_is_told_the_line_that_is_right() -> None:
    with pytest.raises(BadRequest) as refused:
        resolve({"agent": {"claude": {"dollars": -1}}, "retention": {"size": "10GiB"}}, {}, {})
    assert refused.value.hint == (
        "dollars = 0.0   # under [agent.claude] is the default; pmrunnerd -h lists them all"
    )
    with pytest.raises(BadRequest) as refused:
        resolve({"retention": {"size": "much"}}, {}, {})
    right = 'size = "10GiB"   # under [retention] is the default; pmrunnerd -h lists them all'
    assert refused.value.hint == right


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ({"web": {"prot": 1}}, "pmrunnerd --help   # did you mean web.port? it lists all settings"),
        ({"port": 1}, "pmrunnerd --help   # did you mean web.port? it lists all settings"),
        (
            {"runs": {"slot": 1}},
            "pmrunnerd --help   # did you mean runs.slots? it lists all settings",
        ),
        (
            {"slots": 1},
            "pmrunnerd --help   # did you mean runs.slots or gates.slots? it lists all settings",
        ),
        ({"zzz": 1}, "pmrunnerd --help   # it lists all settings"),
    ],
)
def test_who_misspells_a_setting_is_told_the_one_that_is_meant_and_not_all_of_them(
    file: dict[str, object], hint: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        resolve(file, {}, {})
    assert refused.value.hint == hint


NUMBERS = [row for row in table() if not isinstance(row.default, str | dict | bool)]


@pytest.mark.parametrize("written", ["inf", "nan", "1e308", "1e999", "-inf", "9" * 400])
@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.key)
def test_a_number_without_an_end_is_refused_for_every_setting(row: Row, written: str) -> None:
    for file, variables in (
        (in_the_file(row, float(written)), {}),
        ({}, {row.variable: written}),
    ):
        with pytest.raises(BadRequest) as refused:
            resolve(file, variables, {})
        assert str(refused.value).startswith(f"cannot use setting {row.key} = ")


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.key)
def test_the_most_that_a_number_may_be_is_told(row: Row) -> None:
    with pytest.raises(BadRequest, match=r"at most$|from \d+ to \d+$"):
        resolve({}, {}, {row.field: 1 << 60})


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
    if isinstance(row.default, dict):
        return {"HTTPS_PROXY": "http://proxy:3128", "NOTE": "two words"}
    checked = {"notify.on": "limits", "notify.private": "10.0.0.0/8"}
    if row.check is not None:
        return checked.get(row.key, "http://proxy:3128")
    return "localhost" if isinstance(row.default, str) else row.default + 1


def spell(value: Any) -> str:
    """Write a value as a variable or an option has it."""
    if isinstance(value, dict):
        return " ".join(f"{name}={shlex.quote(text)}" for name, text in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_the_file(row: Row, value: Any) -> dict[str, Any]:
    """Return a file with one setting."""
    *sections, name = row.key.split(".")
    found: dict[str, Any] = {name: value}
    for section in reversed(sections):
        found = {section: found}
    return found


@pytest.mark.parametrize("row", table(), ids=lambda row: row.key)
def test_one_setting_changed_at_any_door_leaves_the_others_as_they_are(row: Row) -> None:
    value = another(row)
    expected = asdict(Settings()) | {row.field: value}
    spelled = spell(value)
    assert asdict(resolve(in_the_file(row, value), {}, {})) == expected
    assert asdict(resolve({}, {row.variable: spelled}, {})) == expected
    assert asdict(resolve({}, {}, {row.field: spelled})) == expected


@pytest.mark.parametrize("row", table(), ids=lambda row: row.key)
def test_one_setting_at_a_stronger_door_leaves_the_others_of_the_weaker_one(row: Row) -> None:
    file: dict[str, Any] = {}
    for other in table():
        *sections, name = other.key.split(".")
        inner = file
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = another(other)
    spelled = spell(row.default)
    others = {other.field: another(other) for other in table()}
    found = asdict(resolve(file, {row.variable: spelled}, {}))
    assert found == others | {row.field: row.default}


def test_a_secret_that_is_wrong_is_not_repeated() -> None:
    with pytest.raises(BadRequest, match=r"setting notify\.webhook = …: it is an https") as told:
        resolve({"notify": {"webhook": "https://anna:hush@hooks.example/"}}, {}, {})
    assert "hush" not in f"{told.value}{told.value.hint}{told.value.__cause__}"


def test_a_list_of_words_is_written_as_one_or_as_a_text() -> None:
    file = {"notify": {"on": ["questions", "budgets"], "private": "10.0.0.0/8, fd00::1"}}
    found = resolve(file, {}, {})
    assert (found.notify_on, found.notify_private) == (
        "questions,budgets",
        "10.0.0.0/8,fd00::1/128",
    )
    with pytest.raises(
        BadRequest, match=r"setting notify\.on = \['all'\]: it is some of questions"
    ):
        resolve({"notify": {"on": ["all"]}}, {}, {})

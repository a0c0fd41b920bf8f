import pytest

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import Settings, resolve, table


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
        ({"web": {"port": "x"}}, r"setting web\.port = 'x': Expected `int`"),
        ({"web": {"port": 70000}}, r"setting web\.port = 70000: Expected `int` <= 65535"),
        ({"runs": {"slots": 0}}, r"setting runs\.slots = 0"),
    ],
)
def test_a_wrong_setting_is_named(file: dict[str, object], why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        resolve(file, {}, {})

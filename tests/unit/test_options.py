from pathlib import Path

import pytest

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.settings import table
from pmrunnerd.options import Options, parse


def parsed(*words: str, **variables: str) -> Options:
    return parse(words, variables)


def test_nothing_given_is_environment_dev_on_the_state_of_the_checkout() -> None:
    options = parsed()
    assert (options.environment, options.state_directory) == ("dev", Path("state").absolute())
    assert options.socket == options.state_directory / "control.sock"
    assert not options.detach


def test_the_option_wins_over_the_service_manager_s_state_directory(tmp_path: Path) -> None:
    assert parsed(STATE_DIRECTORY="/var/lib/x").state_directory == Path("/var/lib/x")
    options = parsed("--state-dir", str(tmp_path), STATE_DIRECTORY="/var/lib/x")
    assert options.state_directory == tmp_path


def test_settings_come_from_options_variables_and_the_file_in_this_order(tmp_path: Path) -> None:
    file = tmp_path / "dev.toml"
    file.write_text('state = "/srv/state"\n[web]\nport = 1\n[runs]\nslots = 7\nsilence = 9\n')
    options = parsed(
        "--config", str(file), "--port", "3", PMRUNNER_WEB_PORT="2", PMRUNNER_RUNS_SLOTS="8"
    )
    found = options.settings
    assert (found.web_port, found.runs_slots, found.runs_silence) == (3, 8, 9.0)
    assert options.state_directory == Path("/srv/state")


def test_prod_and_dev_have_ports_of_their_own_unless_they_are_told_one(tmp_path: Path) -> None:
    assert parsed("--env", "dev").settings.web_port == 3503
    assert parsed("--env", "prod").settings.web_port == 3502
    file = tmp_path / "prod.toml"
    file.write_text("[web]\nport = 4000\n")
    assert parsed("--env", "prod", "--config", str(file)).settings.web_port == 4000


def test_a_state_in_the_file_gives_way_to_the_service_manager_s(tmp_path: Path) -> None:
    file = tmp_path / "dev.toml"
    file.write_text('state = "/srv/state"\n')
    options = parsed("--config", str(file), STATE_DIRECTORY="/var/lib/x")
    assert options.state_directory == Path("/var/lib/x")


def test_unconfined_is_said_on_purpose() -> None:
    assert not parsed().settings.runs_unconfined
    assert parsed("--unconfined").settings.runs_unconfined


@pytest.mark.parametrize("name", ["Prod", "a-b", "../x", "x" * 17])
def test_a_name_that_is_no_environment_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="cannot use environment"):
        parsed("--env", name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[web\n", "cannot read the configuration"),
        ("[web]\nprot = 1\n", r"there is no setting web\.prot"),
        ("[runs]\nslots = 'many'\n", r"cannot use setting runs\.slots"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, content: str, why: str
) -> None:
    file = tmp_path / "dev.toml"
    file.write_text(content)
    with pytest.raises(BadRequest, match=why):
        parsed("--config", str(file))


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="No such file or directory"):
        parsed("--config", str(tmp_path / "none.toml"))


def test_help_names_every_setting_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    said = capsys.readouterr().out
    for row in table():
        assert f"[{row.key}, {row.variable}; default {row.shown}]" in " ".join(said.split())
        assert row.option in said
    assert "PMRUNNER_WEB_PORT; default 3503" in " ".join(said.split())


def test_where_a_rehearsal_writes_does_not_depend_on_where_it_works(tmp_path: Path) -> None:
    assert parsed().rehearsal is None
    assert parsed("--rehearsal", "here").rehearsal == Path("here").absolute()

import os
import tempfile
from pathlib import Path

import pytest

from pmrunnerctl.exits import Cannot, Exit
from pmrunnerctl.where import Place, checkout, find


def there(socket: Path) -> Path:
    """Leave something where a socket would be."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.touch()
    return socket


def program(directory: Path) -> Path:
    """Install a client in a checkout."""
    path = directory / ".venv/bin/pmrunnerctl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def sought(tmp_path: Path, here: Path | None = None, **given: object) -> Place:
    known: dict[str, object] = {"socket": None, "environment": "", "variables": {}}
    known["program"] = program(tmp_path / "work")
    known["homes"] = tmp_path / "homes"
    return find(**{**known, **given}, here=here or tmp_path, run=tmp_path / "run")  # type: ignore[arg-type]


def test_a_socket_that_is_named_wins_over_everything(tmp_path: Path) -> None:
    there(tmp_path / "run/prod/control.sock")

    found = sought(
        tmp_path, socket=Path("x.sock"), variables={"PMRUNNER_SOCKET": "/y", "PMRUNNER_ENV": "prod"}
    )

    assert found == Place(tmp_path / "x.sock", "", "pmrunnerctl start")


def test_a_socket_and_an_environment_mean_that_environment_at_that_socket(tmp_path: Path) -> None:
    assert sought(tmp_path, socket=Path("/x"), environment="prod")[:2] == (Path("/x"), "prod")


def test_an_environment_that_is_named_wins_over_a_variable_with_a_socket(tmp_path: Path) -> None:
    prod = there(tmp_path / "run/prod/control.sock")

    found = sought(tmp_path, environment="prod", variables={"PMRUNNER_SOCKET": "/dev.sock"})

    assert found == Place(prod, "prod", "systemctl status pm-runner@prod")


def test_variables_are_read_socket_first(tmp_path: Path) -> None:
    variables = {"PMRUNNER_SOCKET": "/x.sock", "PMRUNNER_ENV": "prod"}

    assert sought(tmp_path, variables=variables).socket == Path("/x.sock")
    del variables["PMRUNNER_SOCKET"]
    assert sought(tmp_path, variables=variables).environment == "prod"


def test_an_environment_that_is_not_installed_is_looked_for_in_the_checkout(tmp_path: Path) -> None:
    socket = there(tmp_path / "work/state/control.sock")

    found = sought(tmp_path, here=tmp_path / "work", environment="dev")

    assert (found.socket, found.environment) == (socket, "dev")
    assert found.hint == "pmrunnerctl start --env dev"


def test_a_checkout_is_found_from_deep_inside_it(tmp_path: Path) -> None:
    socket = there(tmp_path / "work/state/control.sock")
    inside = tmp_path / "work/pmrunnerd/model"
    inside.mkdir(parents=True)

    assert sought(tmp_path, here=inside).socket == socket


def test_a_checkout_whose_daemon_is_away_is_still_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "pm-runner"\n')
    assert checkout(tmp_path) is None, "another checkout is not this client's"

    assert checkout(tmp_path, program(tmp_path)) == tmp_path


@pytest.mark.parametrize("environment", ["", "dev"])
def test_a_client_of_a_checkout_means_that_from_wherever_it_is_called(
    tmp_path: Path, environment: str
) -> None:
    (tmp_path / "work/state").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    there(elsewhere / "state/control.sock")
    link = tmp_path / "pmrunnerctl"
    link.symlink_to(program(tmp_path / "work"))

    for client in (link, program(tmp_path / "work")):
        found = sought(tmp_path, here=elsewhere, environment=environment, program=client)
        assert (found.socket, found.environment) == (
            tmp_path / "work/state/control.sock",
            environment,
        )


def test_what_is_installed_is_meant_before_the_checkout_in_which_nobody_stands(
    tmp_path: Path,
) -> None:
    (tmp_path / "work/state").mkdir(parents=True)
    prod = there(tmp_path / "run/prod/control.sock")

    assert sought(tmp_path, here=tmp_path).socket == prod
    assert sought(tmp_path, here=tmp_path / "work").socket == tmp_path / "work/state/control.sock"


def test_an_environment_of_a_machine_that_has_none_is_started_and_not_asked_of_systemd(
    tmp_path: Path,
) -> None:
    hint = sought(tmp_path, environment="dev").hint
    assert hint == "pmrunnerctl start --env dev --state-dir ./state"
    there(tmp_path / "run/prod/control.sock")
    assert sought(tmp_path, environment="dev").hint == "sudo systemctl start pm-runner@dev"


def test_who_misspells_an_environment_is_not_told_to_start_one_of_that_name(tmp_path: Path) -> None:
    there(tmp_path / "run/prod/control.sock")
    (tmp_path / "homes/dev").mkdir(parents=True)
    hint = sought(tmp_path, environment="typo").hint
    assert hint == "pmrunnerctl env list   # there is no environment typo"
    assert sought(tmp_path, environment="dev").hint == "sudo systemctl start pm-runner@dev"
    (tmp_path / "run/dev").mkdir()
    assert sought(tmp_path, environment="dev").hint == "systemctl status pm-runner@dev"


def test_a_socket_that_merely_lies_there_is_named_and_not_taken(tmp_path: Path) -> None:
    left = there(tmp_path / "workspace/state/control.sock")

    with pytest.raises(Cannot, match="anybody could have left it") as caught:
        sought(tmp_path, here=tmp_path / "workspace")

    assert caught.value.hint == f"pmrunnerctl --socket {left} status"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_state_directory_that_somebody_else_left_is_not_taken(tmp_path: Path) -> None:
    there(tmp_path / "state/control.sock")
    assert checkout(tmp_path, program(tmp_path)) == tmp_path

    os.chown(tmp_path / "state", 12345, 12345)

    assert checkout(tmp_path, program(tmp_path)) is None


def test_the_only_installed_environment_is_meant(tmp_path: Path) -> None:
    prod = there(tmp_path / "run/prod/control.sock")

    assert sought(tmp_path) == Place(prod, "prod", "systemctl status pm-runner@prod")


def test_of_two_installed_environments_neither_is_guessed(tmp_path: Path) -> None:
    there(tmp_path / "run/prod/control.sock")
    there(tmp_path / "run/dev/control.sock")

    with pytest.raises(Cannot, match="there are 2: dev, prod") as caught:
        sought(tmp_path)

    assert caught.value.exits is Exit.UNREACHABLE
    assert caught.value.hint == "pmrunnerctl --env dev status"


def test_where_there_is_none_it_says_where_it_looked_and_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Cannot, match="cannot tell which pmrunnerd is meant") as caught:
        sought(tmp_path)

    assert f"no state/control.sock from {tmp_path} upwards" in str(caught.value)
    assert f"none in {tmp_path}/run/*" in str(caught.value)
    assert caught.value.hint.startswith("pmrunnerctl start --state-dir ./state")


@pytest.mark.parametrize("name", ["Prod", "../x", "a" * 17, "1a"])
def test_what_cannot_be_an_environment_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Cannot, match="cannot use environment") as caught:
        sought(tmp_path, environment=name)

    assert caught.value.exits is Exit.USAGE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody who may not")
def test_who_may_only_read_comes_by_the_socket_for_readers() -> None:
    def socket() -> str:
        run, nothing = home / "run", home / "nothing"
        where: dict[str, object] = {"socket": None, "environment": "prod", "variables": {}}
        return find(**where, here=home, run=run, program=nothing).socket.name  # type: ignore[arg-type]

    # Where everybody may go: directories of pytest are one user's.
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        home = Path(directory)
        home.chmod(0o755)
        there(home / "run/prod/control.sock").chmod(0o600)
        there(home / "run/prod/read.sock").chmod(0o666)
        assert socket() == "control.sock"
        os.seteuid(65534)
        try:
            assert socket() == "read.sock"
        finally:
            os.seteuid(0)

from collections.abc import Iterator
from pathlib import Path

import pytest

from pmrunnerctl.recipe import again, as_it_is, web_port
from pmrunnerctl.session import Session
from pmrunnerd.model.views import Door
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples


@pytest.fixture
def session(daemon: FakeDaemon) -> Iterator[Session]:
    made = Session()
    made.socket = daemon.path
    yield made
    made.close()


@pytest.mark.parametrize(
    ("address", "port"),
    [("http://127.0.0.1:3503", 3503), ("127.0.0.1:1/", 1), ("", None), ("/a:b", None)],
)
def test_the_port_is_read_from_an_address(address: str, port: int | None) -> None:
    assert web_port(samples.overview(doors=(Door(name="web", address=address),))) == port
    assert web_port(samples.overview(doors=())) is None


def test_another_daemon_like_it_has_all_that_it_tells_of_itself(
    session: Session, tmp_path: Path
) -> None:
    web = (Door(name="web", address="http://127.0.0.1:3611", problem="taken"),)
    overview = samples.overview(state_directory=str(tmp_path / "state"), doors=web)

    assert as_it_is(session, overview) == [
        *("--env", "dev", "--state-dir", f"{tmp_path}/state", "--port", "3611"),
        *("--socket", f"{tmp_path}/control.sock"),
    ]


def test_the_command_that_starts_it_again_says_only_what_is_unusual(
    session: Session, tmp_path: Path
) -> None:
    def web(port: int) -> tuple[Door, ...]:
        return (Door(name="web", address=f"http://127.0.0.1:{port}"),)

    usual = samples.overview(state_directory=str(tmp_path), doors=web(3503))
    prod = samples.overview(state_directory=str(tmp_path), doors=web(3502), environment="prod")
    closed = samples.overview(state_directory=str(tmp_path), doors=())

    assert again(session, usual) == f"pmrunnerctl start --state-dir {tmp_path}"
    assert again(session, prod) == f"pmrunnerctl start --env prod --state-dir {tmp_path}"
    assert again(session, closed) == f"pmrunnerctl start --state-dir {tmp_path} --port 0"

import click
import pytest

from pmrunnerctl import complete
from pmrunnerctl.session import Session
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples


def asked(daemon: FakeDaemon, names: object, incomplete: str) -> list[str]:
    session = Session()
    session.socket = daemon.path
    context = click.Context(click.Command("x"), obj=session)
    found: list[str] = names(context, click.Argument(["x"]), incomplete)  # type: ignore[operator]
    return found


def test_names_that_begin_so_are_offered(daemon: FakeDaemon) -> None:
    rows = tuple(samples.project_row(alias=alias) for alias in ("cake", "cookie", "pie"))
    daemon.answers[p.ProjectList] = [v.ProjectTable(projects=rows)]
    assert asked(daemon, complete.aliases, "c") == ["cake", "cookie"]


def test_only_questions_are_offered_to_be_answered(daemon: FakeDaemon) -> None:
    items = (samples.question(id="q7"), samples.question(id="p3", kind="plan"))
    daemon.answers[p.Inbox] = [v.InboxTable(items=items)]
    assert asked(daemon, complete.questions, "") == ["q7"]


@pytest.mark.parametrize("names", [complete.aliases, complete.plans, complete.tasks, complete.runs])
def test_without_a_daemon_nothing_is_offered_and_nothing_is_said(
    daemon: FakeDaemon, names: object, capfd: pytest.CaptureFixture[str]
) -> None:
    daemon.path.unlink()
    assert asked(daemon, names, "") == []
    assert capfd.readouterr() == ("", "")

import io
import json
from pathlib import Path

import click
import pytest

from pmrunnerctl.exits import Cannot, Exit, misused
from pmrunnerctl.session import Session, pasteable
from pmrunnerd.model import protocol as p
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Paper

WRONG = Cannot("cannot x: y", exits=Exit.REFUSED, code="refused", hint="first\nsecond")


@pytest.fixture
def session() -> Session:
    made = Session()
    made.out, made.err = Paper(), Paper()
    return made


def test_a_reply_is_drawn_for_people_and_a_line_of_json_for_programs(session: Session) -> None:
    session.show(p.Done(id="m1"), lambda done: session.out.line(f"sent {done.id}"))
    session.json = True
    session.show(p.Done(id="m2"), lambda _: pytest.fail("drawn"))

    assert isinstance(session.out, Paper)
    assert session.out.text == 'sent m1\n{"id":"m2"}\n'


def test_a_complaint_says_what_why_and_what_to_do(session: Session) -> None:
    session.complain(WRONG)

    assert isinstance(session.err, Paper)
    assert session.err.text == "pmrunnerctl: cannot x: y\n  hint: first\n  hint: second\n"


def test_a_time_in_a_complaint_is_spelt_for_people_unless_they_typed_it(session: Session) -> None:
    said = "cannot answer q7: it was answered by anna at 2026-11-24T11:30:05.000Z"
    session.complain(Cannot(said, exits=Exit.REFUSED, code="conflict"))
    session.complain(misused("cannot use 2026-11-24T11:30:05Z"))
    assert isinstance(session.err, Paper)
    assert session.err.text == (
        "pmrunnerctl: cannot answer q7: it was answered by anna at 11:30:05 UTC, 3 min ago\n"
        "pmrunnerctl: cannot use 2026-11-24T11:30:05Z\n"
    )


def test_with_json_a_complaint_is_a_line_of_json(session: Session) -> None:
    session.json = True
    session.complain(WRONG)

    assert isinstance(session.err, Paper)
    assert json.loads(session.err.text) == WRONG.as_json()


def test_what_a_daemon_says_in_an_error_cannot_drive_the_terminal(session: Session) -> None:
    session.complain(Cannot("cannot \x1b[2J", exits=Exit.BUG, code="bug", hint="\x1b]0;x\x07"))

    assert isinstance(session.err, Paper)
    assert "\x1b" not in session.err.text


def test_a_session_hangs_up_wherever_it_called(session: Session, daemon: FakeDaemon) -> None:
    daemon.answers[p.Status] = samples.overview()
    session.socket = daemon.path
    session.ask(p.Status())
    other = session.client_of(session.place, patience=0)
    other.call(p.Status())

    session.close()

    assert session.client._connection is None
    assert other._connection is None


def test_the_place_is_looked_for_once(session: Session, tmp_path: Path) -> None:
    session.socket = tmp_path / "a"
    first = session.place
    session.socket = tmp_path / "b"

    assert session.place is first


def test_a_command_ends_with_a_status(session: Session) -> None:
    with pytest.raises(click.exceptions.Exit) as ended:
        session.end(Exit.NEEDS_YOU)

    assert ended.value.exit_code == 9


def test_output_and_what_is_said_about_it_keep_their_order(session: Session) -> None:
    class Noted(io.StringIO):
        flushed = False

        def flush(self) -> None:
            self.flushed = True

    stream = Noted()
    session.out.stream = stream
    session.note("beside the matter")

    assert stream.flushed


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("pmrunnerctl logs", "pmrunnerctl logs"),
        ("pmrunnerctl logs   says why", "pmrunnerctl logs   # says why"),
        ("a   b   c\nd   e", "a   # b   c\nd   # e"),
        ("pmrunnerctl stop   # to end it", "pmrunnerctl stop   # to end it"),
    ],
)
def test_a_hint_is_taken_whole_by_a_shell(hint: str, shown: str) -> None:
    assert pasteable(hint) == shown

from pmrunnerd.api.remembered import DURABLE, LARGEST, MOST, Remembered
from pmrunnerd.model import protocol as p


def test_a_reply_is_known_until_the_durable_mark_moves() -> None:
    remembered = Remembered()
    assert remembered.find(7, p.Inbox()) is None
    remembered.keep(p.Inbox(), b"nothing")
    known = remembered.find(7, p.Inbox())
    assert known is not None
    assert bytes(known) == b"nothing"
    assert remembered.find(7, p.Inbox(project="demo")) is None
    assert remembered.find(8, p.Inbox()) is None
    assert remembered.find(7, p.Inbox()) is None


def test_what_depends_on_more_than_durable_facts_is_not_kept() -> None:
    remembered = Remembered()
    for request in (p.Status(), p.TaskList(), p.ProjectList(), p.RunShow(run="r1")):
        assert remembered.find(7, request) is None
        remembered.keep(request, b"x")
        assert remembered.find(7, request) is None


def test_what_is_kept_needs_no_more_than_everybody_here_may() -> None:
    for request in DURABLE:
        row = p.BY_REQUEST[request]
        assert (row.access, row.changes, row.stream) == (p.Access.READ, False, False)


def test_only_so_much_is_kept() -> None:
    remembered = Remembered()
    remembered.find(7, p.Inbox())
    remembered.keep(p.Inbox(), b"x" * (LARGEST + 1))
    assert remembered.find(7, p.Inbox()) is None
    for n in range(10 * MOST):
        remembered.keep(p.Inbox(project=f"p{n}"), b"x")
    known = [n for n in range(10 * MOST) if remembered.find(7, p.Inbox(project=f"p{n}"))]
    assert 0 < len(known) <= MOST

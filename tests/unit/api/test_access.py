import logging
import os
import socket
import struct

import pytest

from pmrunnerd.api import access
from pmrunnerd.api.access import Caller, Roles, require
from pmrunnerd.model import protocol as p
from pmrunnerd.model.errors import Forbidden
from pmrunnerd.model.protocol import Access

OWN, PERSON, AGENT, DYNAMIC = 990, 4000001, 4000002, 61300
READERS, WORKERS, ADMINS = 71, 72, 73
ROLES = Roles(
    own=OWN,
    groups={READERS: Access.READ, WORKERS: Access.OPERATE, ADMINS: Access.ADMIN},
    denied=frozenset({AGENT}),
)


class Peer:
    """A socket whose other end is whom the test wants; `None` groups are more than fit."""

    def __init__(self, uid: int, gid: int, groups: list[int] | None) -> None:
        self.uid, self.gid, self.groups = uid, gid, groups

    def getsockopt(self, level: int, option: int, buflen: int, /) -> bytes:
        assert level == socket.SOL_SOCKET
        if option == socket.SO_PEERCRED:
            return struct.pack("3i", 1, self.uid, self.gid)
        if self.groups is None:
            raise OSError(34, "Numerical result out of range")
        return struct.pack(f"{len(self.groups)}I", *self.groups)[:buflen]


@pytest.mark.parametrize(
    ("uid", "groups", "expected"),
    [
        (0, [], Access.ADMIN),
        (OWN, [], Access.ADMIN),
        (PERSON, [READERS], Access.READ),
        (PERSON, [READERS, WORKERS], Access.OPERATE),
        (PERSON, [ADMINS, WORKERS], Access.ADMIN),
    ],
)
def test_the_strongest_group_counts(uid: int, groups: list[int], expected: Access) -> None:
    assert ROLES.admit(Peer(uid, 1, groups)).access is expected


@pytest.mark.parametrize("uid", [0, OWN, PERSON])
def test_by_a_door_for_readers_nobody_does_more(uid: int) -> None:
    readers = ROLES.at_most(Access.READ)

    assert readers.admit(Peer(uid, 1, [ADMINS, READERS])).access is Access.READ
    with pytest.raises(Forbidden):
        readers.admit(Peer(AGENT, 1, [ADMINS]))


def test_a_primary_group_counts_even_where_the_others_cannot_be_told() -> None:
    assert ROLES.admit(Peer(PERSON, WORKERS, None)).access is Access.OPERATE
    with pytest.raises(Forbidden):
        ROLES.admit(Peer(PERSON, 1, None))


@pytest.mark.parametrize("uid", [PERSON, AGENT, DYNAMIC])
def test_nobody_else_is_let_in(uid: int) -> None:
    groups = [] if uid == PERSON else [ADMINS]
    with pytest.raises(Forbidden, match=f"cannot let uid {uid} in") as refused:
        ROLES.admit(Peer(uid, 1, groups))
    assert bool(refused.value.hint) == (uid == PERSON)


def test_denied_wins_even_over_root() -> None:
    with pytest.raises(Forbidden, match="agents and gates"):
        Roles(own=0, groups={}, denied=frozenset({0})).admit(Peer(0, 0, []))


def test_a_daemon_may_itself_be_a_dynamic_user() -> None:
    assert Roles(own=DYNAMIC, groups={}).admit(Peer(DYNAMIC, 1, [])).access is Access.ADMIN


def test_without_groups_the_remedy_names_the_user_who_may() -> None:
    with pytest.raises(Forbidden, match="only root and root") as refused:
        Roles(own=0, groups={}).admit(Peer(PERSON, 1, []))
    assert refused.value.hint == "sudo -u root pmrunnerctl status"


def test_whoever_is_at_the_other_end_of_a_real_socket_is_us() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        caller = access.roles().admit(ours)
    assert (caller.uid, caller.access) == (os.geteuid(), Access.ADMIN)


def test_a_user_as_whom_agents_run_is_denied_and_one_that_is_not_there_is_nobody() -> None:
    denied = access.roles(("root", "no-such-user-here")).denied
    assert denied == frozenset({0})


def test_each_level_includes_those_before_it() -> None:
    show, send = p.BY_REQUEST[p.TaskShow], p.BY_REQUEST[p.ChatSend]
    for level in Access:
        caller = Caller(name="anna", uid=PERSON, access=level)
        require(caller, show)
        if level is not Access.READ:
            require(caller, send)
    with pytest.raises(Forbidden, match="anna may read, not operate") as refused:
        require(Caller(name="anna", uid=PERSON, access=Access.READ), send)
    assert refused.value.hint == "sudo usermod -aG pm-runner anna   # then log in again"


def test_a_request_that_is_refused_is_in_the_log_by_name_and_without_what_it_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Forbidden):
        require(Caller(name="anna", uid=PERSON, access=Access.READ), p.BY_REQUEST[p.ChatSend])
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "request-refused")
    assert record.__dict__["fields"] == {
        "command": "chat send",
        "by": "anna",
        "access": Access.READ,
        "needs": Access.OPERATE,
    }


def test_a_user_without_a_name_has_a_number() -> None:
    assert access.name(0) == "root"
    assert access.name(PERSON) == f"uid {PERSON}"

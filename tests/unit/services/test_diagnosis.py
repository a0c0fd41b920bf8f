from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmrunnerd.model.checkup import Check
from pmrunnerd.model.errand import Confinement
from pmrunnerd.services import diagnosis as d
from pmrunnerd.services.ports import Holder

STATE = Path("/s")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OTHER = Holder(pid=412, command="python3 -m http.server", user="anna")
UNSEEN = Holder(pid=None, command="", user="anna")
NONE = Confinement(ok=False, reason="no user namespaces", hint="sysctl x=0")


@pytest.mark.parametrize(
    ("check", "state", "said"),
    [
        (d.python((3, 10, 9)), "problem", "3.10.9 is older than 3.11"),
        (d.git(None), "problem", "is not installed"),
        (d.bubblewrap(NONE, unconfined=False), "problem", "runs are refused"),
        (d.bubblewrap(NONE, unconfined=True), "warning", "UNCONFINED"),
        (d.doors(("127.0.0.1:3502",)), "problem", "only its token keeps them out"),
        (d.port(3503, OTHER, 7), "problem", "in use by pid 412 (python3 -m http.server)"),
        (
            d.port(3503, UNSEEN, None),
            "problem",
            "in use by a process of user anna that you may not",
        ),
        (d.socket(STATE, OTHER, 7), "problem", "pid 412"),
        (d.socket(STATE, None, 7), "problem", "pid 7 runs and does not answer"),
        (d.socket(STATE, None, None), "warning", "nobody answers"),
        (d.permissions(STATE, None), "warning", "not there yet"),
        (d.permissions(STATE, d.Ownership(owner=5, mode=0o700, me=6)), "problem", "user 5"),
        (
            d.permissions(STATE, d.Ownership(owner=5, mode=0o700, me=6, name="pm-runner-prod")),
            "problem",
            "belongs to user pm-runner-prod",
        ),
        (d.permissions(STATE, d.Ownership(owner=5, mode=0o755, me=6), 7), "warning", "mode 755"),
        (d.permissions(STATE, d.Ownership(owner=5, mode=0o755, me=5)), "warning", "mode 755"),
        (d.disk(STATE, d.Room(bytes=0, inodes=10**6)), "problem", "nothing new is accepted"),
        (d.disk(STATE, d.Room(bytes=1 << 40, inodes=3)), "problem", "3 inodes"),
        (d.disk(STATE, d.Room(bytes=1 << 29, inodes=10**6)), "warning", "512 MiB free"),
        (d.clock(NOW, NOW.replace(hour=13)), "problem", "is before 2026-11-25 13:00:00"),
        (d.clock(NOW.replace(year=1970), None), "problem", "cannot be"),
        (d.limits(256, 512), "warning", "at most 512"),
    ],
)
def test_what_is_not_ok_says_why_and_what_can_be_pasted(
    check: Check, state: str, said: str
) -> None:
    assert check.state == state
    assert said in check.found
    assert check.hint


@pytest.mark.parametrize(
    "check",
    [
        d.python((3, 11, 0)),
        d.git("git version 2.39.5"),
        d.bubblewrap(Confinement(ok=True), unconfined=False),
        d.port(0, None, None),
        d.port(3503, None, None),
        d.port(3503, Holder(pid=7, command="pmrunnerd", user="anna"), 7),
        d.port(3503, UNSEEN, 7),
        d.socket(STATE, Holder(pid=7, command="pmrunnerd", user="anna"), 7),
        d.permissions(STATE, d.Ownership(owner=5, mode=0o700, me=0)),
        d.daemon(None, ""),
        d.disk(STATE, d.Room(bytes=1 << 40, inodes=None)),
        d.clock(NOW, NOW.replace(second=1)),
        d.limits(1024, -1),
    ],
)
def test_what_is_ok_needs_no_hint(check: Check) -> None:
    assert (check.state, check.hint) == ("ok", "")


def test_a_running_daemon_has_to_stop_before_it_closes_its_web_door() -> None:
    assert d.port(3503, OTHER, None).hint == "pmrunnerctl start --port 0"
    running = d.port(3503, OTHER, 7).hint
    assert running == "pmrunnerctl stop --keep-runs; pmrunnerctl start --port 0"


@pytest.mark.parametrize(("name", "who"), [("pm-runner-prod", "pm-runner-prod"), ("", "'#5'")])
def test_who_is_to_look_instead_is_named_where_there_is_a_name(name: str, who: str) -> None:
    found = d.permissions(STATE, d.Ownership(owner=5, mode=0o700, me=6, name=name))
    assert found.hint.startswith(f"sudo -u {who} pmrunnerctl doctor ")

import os
import re

import pytest

from tests.unit.pmrunnerctl.conftest import Ctl


def test_a_name_that_is_none_is_refused(ctl: Ctl) -> None:
    done = ctl("env", "add", "Try-1", "--port", "3510")
    assert done.status == 2
    assert "names are a letter and up to 15 letters or digits" in done.err


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("projects", "/srv/pm-runner/projects is where prod's are"),
        ("read", "group pm-runner-read may look into every environment"),
        ("admin", "group pm-runner-admin administers every environment"),
    ],
)
def test_a_name_whose_place_or_group_is_another_s_is_refused(ctl: Ctl, name: str, why: str) -> None:
    done = ctl("env", "add", name, "--port", "3510", "--dry-run")
    assert done.status == 2
    assert why in done.err


def test_who_is_not_root_is_told_to_become_it(ctl: Ctl) -> None:
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        done = ctl("env", "add", "try", "--port", "3510")
    finally:
        os.seteuid(me)
    assert "only root makes users" in done.err
    assert "sudo pmrunnerctl env add try --port 3510" in done.err


def test_who_gives_no_port_is_told_one_that_is_free(ctl: Ctl) -> None:
    done = ctl("env", "add", "nowhere", "--dry-run")
    assert done.status == 2
    assert "cannot add nowhere: its web door needs a port" in done.err
    assert re.search(r"hint: sudo pmrunnerctl env add nowhere --port 35\d\d\n", done.err)


def test_what_would_be_done_is_shown(ctl: Ctl) -> None:
    done = ctl("env", "add", "nowhere", "--port", "3510", "--dry-run")
    assert done.status == 0
    assert "made user pm-runner-nowhere" in done.out
    assert "wrote /etc/systemd/system/pm-runner-web@nowhere.socket.d/port.conf" in done.out


def test_where_nothing_is_installed_the_list_says_so(ctl: Ctl) -> None:
    done = ctl("env", "list")
    assert done.status == 0
    assert "no environments are installed" in done.out or "prod" in done.out

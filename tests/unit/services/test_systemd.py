import os
import socket
import subprocess
import sys
from pathlib import Path

SAY = """
import sys
from pmrunnerd.services.systemd import ServiceManager
manager = ServiceManager()
print(manager.watchdog_seconds, "sdnotify" in sys.modules)
manager.starting("reading")
manager.ready("environment dev")
manager.status("working\\non ü …")
manager.alive()
manager.stopping()
manager.close()
manager.alive()
"""


def _say(**variables: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("NOTIFY", "WATCHDOG"))}
    done = subprocess.run(
        [sys.executable, "-c", SAY],
        env=clean | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_we_say_arrives_in_order_and_in_utf_8(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")
        name = "@" + manager.getsockname().removeprefix(b"\0").decode()
        assert _say(NOTIFY_SOCKET=name, WATCHDOG_USEC="20000000") == "20.0 True"
        manager.settimeout(10)
        said = [manager.recv(4096).decode() for _ in range(5)]

    assert said == [
        "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=reading",
        "READY=1\nSTATUS=environment dev",
        "STATUS=working on ü …",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_without_a_service_manager_nothing_is_said_or_imported() -> None:
    assert _say() == "None False"


def test_a_manager_that_has_gone_does_not_stop_us(tmp_path: Path) -> None:
    assert _say(NOTIFY_SOCKET=str(tmp_path / "gone")) == "None True"


def test_a_manager_that_does_not_listen_does_not_make_us_wait(tmp_path: Path) -> None:
    script = SAY + "m = ServiceManager()\nfor _ in range(5000): m.alive()\nm.close()\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")
        name = "@" + manager.getsockname().removeprefix(b"\0").decode()
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"NOTIFY_SOCKET": name},
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )

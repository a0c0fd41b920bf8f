import os
import re
import socket
from pathlib import Path

from pmrunnerctl import environments as e
from tests.house.tree import ROOT


def a_machine(root: Path) -> Path:
    """A machine on which prod is installed, with its port from the package."""
    release = root / "opt/pm-runner/prod/releases/1-abc"
    (release / "lib").mkdir(parents=True)
    (release / "release.json").write_text("{}")
    (root / "opt/pm-runner/prod/dist").symlink_to("releases/1-abc")
    ports = root / "usr/lib/systemd/system/pm-runner-web@prod.socket.d"
    ports.mkdir(parents=True)
    (ports / "port.conf").write_text("[Socket]\nListenStream=127.0.0.1:3502\n")
    return root


def test_what_is_installed_is_known_by_its_place_for_releases(tmp_path: Path) -> None:
    assert e.known(tmp_path) == []
    (prod,) = e.known(a_machine(tmp_path))
    assert (prod.name, prod.port, prod.release) == ("prod", 3502, "1-abc")


def test_a_port_of_the_administrator_wins(tmp_path: Path) -> None:
    root = a_machine(tmp_path)
    own = root / "etc/systemd/system/pm-runner-web@prod.socket.d"
    own.mkdir(parents=True)
    (own / "mine.conf").write_text("[Socket]\nListenStream=\nListenStream=127.0.0.1:4000\n")
    assert e.port("prod", root) == 4000
    assert e.port("dev", root) == 0


def test_each_step_is_done_once_and_what_was_half_done_is_finished(tmp_path: Path) -> None:
    root = a_machine(tmp_path)
    (root / "opt/pm-runner/try/releases/.1-abc.partial").mkdir(parents=True)
    steps = {step.text: step for step in e.steps("try", 3510, root)}
    ours = [text for text in steps if text.startswith(("wrote", "had"))]
    assert len(ours) == 4
    for text in ours:
        assert not steps[text].is_done(), text
        steps[text].do()
        assert steps[text].is_done(), text
    assert e.port("try", root) == 3510
    found = {row.name: row.release for row in e.known(root)}
    assert found == {"prod": "1-abc", "try": "1-abc"}
    shared = root / "opt/pm-runner/try/dist/release.json"
    assert shared.samefile(root / "opt/pm-runner/prod/dist/release.json")


def test_a_workspace_that_outlived_a_purge_is_not_taken_for_all_of_an_environment(
    tmp_path: Path,
) -> None:
    """Purged, a package leaves workspaces; what is added again under that name was half made."""
    (directories,) = (
        step for step in e.steps("try", 3510, tmp_path) if step.text == "made its directories"
    )
    (tmp_path / "srv/pm-runner/try").mkdir(parents=True)
    assert not directories.is_done()
    for place in e._places("try", tmp_path):
        place.mkdir(parents=True, exist_ok=True)
    assert directories.is_done()


def test_another_environment_has_all_directories_that_the_package_makes_for_dev() -> None:
    """But the runner's own source, which is prod's to work on."""
    package = (ROOT / "systemd/pm-runner.tmpfiles").read_text().splitlines()
    devs = {" ".join(line.split()) for line in package if re.search(r"/dev\b(?!/src)", line)}
    made = e.DIRECTORIES.format(name="dev").splitlines()
    assert {" ".join(line.split()) for line in made if line[0] != "#"} == devs


def test_everybody_sees_the_port_of_an_environment_whatever_umask_root_has(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for step in e.steps("try", 3510, tmp_path):
            if step.text.startswith("wrote"):
                step.do()
    finally:
        os.umask(before)
    (port,) = tmp_path.glob("etc/systemd/system/*/port.conf")
    assert [path.stat().st_mode & 0o777 for path in (port.parent, port)] == [0o755, 0o644]


def test_without_a_release_of_prod_there_is_none_to_share(tmp_path: Path) -> None:
    steps = e.steps("try", 3510, tmp_path)
    assert steps[-1].is_done()


def test_the_port_that_is_proposed_is_nobody_s() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        used = listening.getsockname()[1]
        found = e.free_port({used + 1}, first=used)
    assert found > used + 1 or found == 0

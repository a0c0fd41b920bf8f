"""The key that signs releases: made once, believed from then on, and followed by another."""

import os
import subprocess
from pathlib import Path

from tests.house.tree import ROOT

KEYS = "etc/pm-runner/keys"
LIST = "etc/pm-runner/allowed_signers"


def signing_key(root: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        "/usr/bin/python3",
        "-IBS",
        ROOT / "packaging/signing-key",
        *words,
        "--root",
        root,
    ]
    env = os.environ | ({"PATH": path} if path else {})
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_without_ssh_keygen_it_is_said_what_to_install_and_nothing_is_made(tmp_path: Path) -> None:
    done = signing_key(tmp_path, path=str(tmp_path))

    assert done.returncode == 1
    assert "there is no ssh-keygen\n  hint: sudo apt-get install openssh-client" in done.stderr
    assert not (tmp_path / KEYS / "release").exists()
    assert not (tmp_path / LIST).exists()


def test_a_key_is_root_s_alone_and_made_once(tmp_path: Path) -> None:
    assert "signs releases with a new key" in signing_key(tmp_path).stdout
    before = (tmp_path / KEYS / "release").read_bytes()

    assert signing_key(tmp_path).stdout == ""
    assert (tmp_path / KEYS / "release").read_bytes() == before
    assert (tmp_path / KEYS).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / KEYS / "release").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / LIST).stat().st_mode & 0o777 == 0o644


def test_another_key_ends_the_one_before_it_and_leaves_the_others_of_the_list(
    tmp_path: Path,
) -> None:
    signing_key(tmp_path)
    file = tmp_path / LIST
    file.write_text(f"# ours\nanna@there ssh-ed25519 AAAA\n{file.read_text()}")

    signing_key(tmp_path, "--new")
    comment, annas, old, new = file.read_text().splitlines()

    assert (comment, annas) == ("# ours", "anna@there ssh-ed25519 AAAA")
    assert "valid-before=" in old
    assert "valid-before=" not in new
    assert new.endswith(" ".join((tmp_path / KEYS / "release.pub").read_text().split()[:2]))


def test_what_was_begun_and_not_finished_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / KEYS).mkdir(parents=True)
    for name in (".release.new", ".release.new.pub"):
        (tmp_path / KEYS / name).write_text("half a key")

    assert signing_key(tmp_path).returncode == 0
    assert sorted(path.name for path in (tmp_path / KEYS).iterdir()) == [
        *("release", "release.pub", "signer"),
    ]

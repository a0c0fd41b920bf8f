import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import PmError, Refused
from pmrunnerd.rules.proof.found import Signed
from pmrunnerd.services import process, signatures
from pmrunnerd.services.outcome import Exited
from tests.unit.services.releases.made import allow, key, public

WHO = "pm-runner@here"
NOON = 1_795_000_000  # 2026-11-18
DATA = b'{"_type":"x"}\n'


class Hand:
    """One who signs, and the list of those who may."""

    def __init__(self, directory: Path) -> None:
        self.key = key(directory)
        self.fingerprint = ""
        self.list = directory / "allowed_signers"
        self.signature = asyncio.run(signatures.sign(DATA, self.key))
        self.allow()

    def allow(self, who: str = WHO, options: str = 'namespaces="pm-runner" ') -> None:
        allow(self.list, "# who may sign", f"{who} {options}{public(self.key)}")

    def verify(self, data: bytes = DATA, **other: object) -> Signed:
        given = {"signer": WHO, "at": NOON, "allowed": self.list} | other
        signature = given.pop("signature", self.signature)
        return asyncio.run(signatures.verify(data, signature, **given))  # type: ignore[arg-type]


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


def test_a_signature_holds_by_the_key_of_who_is_said_to_have_signed(hand: Hand) -> None:
    found = hand.verify()

    assert found.why == ""
    assert found.key.startswith("SHA256:")


def test_one_changed_byte_of_what_was_signed_is_found(hand: Hand) -> None:
    assert "was changed afterwards" in hand.verify(DATA.replace(b"x", b"y")).why


def test_a_signature_for_something_else_is_told_and_so_is_a_key_for_something_else(
    hand: Hand,
) -> None:
    signatures_namespace = "git"
    done = asyncio.run(
        process.run(
            ["ssh-keygen", "-Y", "sign", "-f", hand.key, "-n", signatures_namespace],
            cwd=Path("/"),
            env={"PATH": process.PATH},
            total=9,
            limit=9999,
            input=DATA,
        )
    )
    assert isinstance(done, Exited)
    assert "for 'git', and not for 'pm-runner'" in hand.verify(signature=done.out).why

    hand.allow(options='namespaces="git" ')
    assert 'not permitted for use in signature namespace "pm-runner"' in hand.verify().why


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('valid-before="20250101Z" ', "key has expired"),
        ('valid-after="20300101Z" ', "key is not yet valid"),
    ],
)
def test_a_key_is_good_in_its_time_which_is_that_of_the_statement(
    hand: Hand, options: str, said: str
) -> None:
    hand.allow(options=options)

    assert said in hand.verify().why
    good = 1_600_000_000 if "before" in options else 2_000_000_000
    assert hand.verify(at=good).why == ""


def test_a_key_of_somebody_else_and_one_of_nobody_are_told_apart(
    hand: Hand, tmp_path: Path
) -> None:
    hand.allow("anna@there")
    assert hand.verify().why.endswith(f"is that of anna@there, and {WHO} is said to have signed")

    other = key(tmp_path, "other")
    allow(hand.list, f"{WHO} {public(other)}")
    assert "is nobody's in" in hand.verify().why


def test_of_several_keys_of_one_name_each_signs(hand: Hand, tmp_path: Path) -> None:
    other = key(tmp_path, "other")
    allow(hand.list, f"{WHO} {public(other)}", f"{WHO} {public(hand.key)}")

    assert hand.verify().why == ""
    assert hand.verify(signature=asyncio.run(signatures.sign(DATA, other))).why == ""


def test_a_revoked_key_signs_nothing_any_more_and_a_list_that_is_not_there_revokes_none(
    hand: Hand, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked_keys"
    assert hand.verify(revoked=revoked).why == ""

    revoked.write_text(f"{public(hand.key)}\n")
    assert hand.verify(revoked=revoked).why.endswith("is revoked")


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "cannot be read"), (101, "cannot be read"), (1 << 20, "more than 64 KiB")],
)
def test_what_is_no_signature_is_never_shown_to_ssh_keygen(
    hand: Hand, size: int, said: str
) -> None:
    assert said in hand.verify(signature=bytes(size)).why


@pytest.mark.parametrize("signer", ["", "-Ocat", "*", "a b", "x" * 129, "a\nb"])
def test_a_name_cannot_be_an_option_or_a_pattern(hand: Hand, signer: str) -> None:
    assert "is no name of somebody who signs" in hand.verify(signer=signer).why


def test_without_a_list_nothing_is_said_but_what_to_do(hand: Hand, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="who may sign is not to be read") as refused:
        hand.verify(allowed=tmp_path / "none")

    assert "--allowed-signers FILE" in str(refused.value.hint)


def test_a_list_of_rubbish_believes_nobody(hand: Hand) -> None:
    allow(hand.list, "garbage", "\0\xff")

    assert hand.verify().why != ""


def test_without_ssh_keygen_nothing_is_signed_or_believed(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(signatures._ENV, "PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Refused, match="there is no ssh-keygen"):
        hand.verify()
    with pytest.raises(Refused, match="there is no ssh-keygen"):
        asyncio.run(signatures.sign(DATA, hand.key))


@pytest.mark.parametrize("what", ["gone", "rubbish", "passphrase"])
def test_a_key_that_cannot_sign_is_a_failure_that_names_it(
    hand: Hand, tmp_path: Path, what: str
) -> None:
    path = tmp_path / what
    if what == "rubbish":
        path.write_text("no key\n")
        path.chmod(0o600)
    if what == "passphrase":
        done = asyncio.run(
            process.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a secret", "-f", path],
                cwd=tmp_path,
                env={"PATH": process.PATH},
                total=9,
                limit=9999,
            )
        )
        assert isinstance(done, Exited)

    with pytest.raises(PmError, match=f"cannot sign with {path}"):
        asyncio.run(signatures.sign(DATA, path))

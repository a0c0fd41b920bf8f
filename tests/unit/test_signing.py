import asyncio
import os
from pathlib import Path

import pytest

from pmrunnerd.model.proof import EVIDENCE, GATES, PAPERS, STATEMENT, Outcome
from pmrunnerd.services.releases import inspection
from pmrunnerd.services.releases.shelf import Shelf
from pmrunnerd.signing import main
from tests.unit.services.releases.made import Made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made(tmp_path)
    made.keys()
    return made


def signed(made: Made, draft: str = "prod-p1") -> int:
    return main([draft, "--root", str(made.root)])


def outcome(made: Made) -> Outcome:
    found = inspection.here(Shelf(made.root, "prod"), made.name)
    believed = inspection.Believed(made.root / inspection.ALLOWED)
    return asyncio.run(inspection.prove(found, believed)).outcome


@pytest.mark.parametrize("name", ["", "prod", "prod-..", "../prod-p1", "prod-p1/x", "Prod-p1"])
def test_what_is_no_identifier_is_not_looked_at(made: Made, name: str) -> None:
    with pytest.raises(SystemExit):
        signed(made, name)


def test_a_draft_that_is_not_there_signs_nothing(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    assert signed(made) == 1
    assert "cannot sign" in capsys.readouterr().err
    assert not (made.release / PAPERS).exists()


def test_a_draft_that_somebody_else_could_change_is_refused(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = made.draft()
    for path in (draft.parent, draft, draft / STATEMENT):
        before = path.stat().st_mode
        path.chmod(before | 0o020)
        assert signed(made) == 4
        assert f"could change {path}" in capsys.readouterr().err
        path.chmod(before)
    assert not (made.release / PAPERS).exists()


def test_a_link_in_a_draft_is_not_followed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    draft = made.draft()
    (draft / EVIDENCE).rename(made.root / "elsewhere")
    (draft / EVIDENCE).symlink_to(made.root / "elsewhere")

    assert signed(made) == 4
    assert "is a link" in capsys.readouterr().err


def test_a_draft_of_somebody_else_is_refused(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = made.draft()
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(draft / GATES, 65534, 65534)

    assert signed(made) == 4
    assert "others than its signer" in capsys.readouterr().err


def test_nothing_is_signed_that_does_not_hold_and_all_of_that_is_said(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = made.draft()
    (draft / EVIDENCE).write_bytes(b"0" * 101)
    (draft / GATES).write_text("[FAIL] unit\nNOT ALL PASS\n")
    (made.release / "lib/cake/bake.py").write_text("heat = 181\n")

    assert signed(made) == 4
    said = capsys.readouterr().err
    for link in ("tree: lib/cake/bake.py was changed", "evidence: its section", "gates: it is no"):
        assert f"  {link}" in said
    assert not (made.release / PAPERS).exists()


@pytest.mark.parametrize("text", [b"", b"{}", b"\0" * 101])
def test_a_draft_without_a_statement_is_refused(made: Made, text: bytes) -> None:
    (made.draft() / STATEMENT).write_bytes(text)

    assert signed(made) == 4


def test_a_draft_of_a_release_that_is_not_there_or_leads_elsewhere_is_none(made: Made) -> None:
    (made.draft() / STATEMENT).unlink()
    assert signed(made) == 4

    made.release.rename(made.release.with_name("0.1.0-000000000000"))
    made.draft("p2")
    assert signed(made, "prod-p2") == 1


def test_what_holds_is_signed_and_proved_and_signed_again(made: Made) -> None:
    made.draft()

    assert signed(made) == 0
    assert outcome(made) is Outcome.PROVED
    assert signed(made) == 0
    assert outcome(made) is Outcome.PROVED


def test_a_key_that_the_unit_was_given_is_used_instead_of_the_file(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.draft()
    given = made.root / "credentials"
    given.mkdir()
    (made.root / "etc/pm-runner/keys/release").rename(given / "release-key")
    assert signed(made) == 1

    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    assert signed(made) == 0
    assert outcome(made) is Outcome.PROVED

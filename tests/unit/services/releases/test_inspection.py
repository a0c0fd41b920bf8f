import asyncio
from pathlib import Path

import pytest

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.proof import PAPERS, SIGNATURE, STATEMENT, Holding, Outcome, Proof
from pmrunnerd.services.releases import inspection, papers
from pmrunnerd.services.releases.inspection import Believed
from pmrunnerd.services.releases.shelf import Shelf
from tests.unit.services.releases.made import Made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made(tmp_path)
    made.sign()
    return made


def proved(made: Made) -> Proof:
    found = inspection.here(Shelf(made.root, "prod"), made.name)
    return asyncio.run(inspection.prove(found, Believed(made.root / inspection.ALLOWED)))


def wrong(proof: Proof) -> dict[str, str]:
    return {link.name: link.why for link in proof.links if link.holding is not Holding.HOLDS}


def test_what_was_really_signed_is_proved(made: Made) -> None:
    assert wrong(proved(made)) == {}
    assert proved(made).outcome is Outcome.PROVED


def test_each_byte_of_each_file_that_is_changed_breaks_a_link(made: Made) -> None:
    for path in sorted(made.release.rglob("*")):
        if path.is_file():
            before = path.read_bytes()
            middle = len(before) // 2
            other = bytes([before[middle] ^ 1]) if before else b"x"
            path.write_bytes(before[:middle] + other + before[middle + 1 :])
            assert proved(made).outcome is not Outcome.PROVED, path
            path.write_bytes(before)
    assert proved(made).outcome is Outcome.PROVED


def test_the_changed_file_is_named(made: Made) -> None:
    (made.release / "lib/cake/bake.py").write_text("heat = 181\n")

    assert wrong(proved(made)) == {"tree": "lib/cake/bake.py was changed"}


def test_papers_that_are_gone_links_or_directories_are_told(made: Made) -> None:
    signature = made.release / PAPERS / SIGNATURE
    before = signature.read_bytes()
    signature.unlink()
    assert wrong(proved(made)) == {"signature": "what was signed is there, and no signature of it"}

    signature.symlink_to("/dev/zero")
    assert wrong(proved(made))["signature"].startswith(f"{SIGNATURE} cannot be read")
    signature.unlink()
    signature.mkdir()
    signature.chmod(0o755)
    assert wrong(proved(made)) == {"signature": f"{SIGNATURE} is no file"}
    signature.rmdir()
    signature.write_bytes(before)
    signature.chmod(0o644)
    assert wrong(proved(made)) == {}

    (made.release / PAPERS / STATEMENT).write_text("{}\n")
    assert wrong(proved(made))["statement"] == "it is no statement of in-toto, version 1"


def test_the_source_of_the_package_is_known_where_there_is_one(tmp_path: Path) -> None:
    made = Made(tmp_path)
    digest = made.root / inspection.SOURCE
    digest.parent.mkdir(parents=True)
    digest.write_text(f"{made.facts.source}\n")
    found = proved(made)

    assert found.outcome is Outcome.UNSIGNED
    assert "source" not in wrong(found)


def test_a_bundle_proves_the_same_elsewhere_by_the_public_keys_alone(
    made: Made, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(papers.bundled(made.name, "prod", papers.beside(made.release)))
    believed = Believed(made.root / inspection.ALLOWED)

    found = asyncio.run(inspection.prove(inspection.sent(bundle), believed))
    assert (found.release, found.outcome) == (made.name, Outcome.PROVED)

    bundle.write_bytes(bundle.read_bytes()[:-9])
    with pytest.raises(BadRequest, match="it is no bundle"):
        inspection.sent(bundle)

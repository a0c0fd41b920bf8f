import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pmrunnerctl.evidence import draw_draft, draw_view
from pmrunnerd.model import protocol as p
from pmrunnerd.model import views as v
from pmrunnerd.model.views import Complaint, EvidenceDraft, EvidenceView
from tests.fakes.daemon import FakeDaemon
from tests.unit.pmrunnerctl import samples
from tests.unit.pmrunnerctl.conftest import Ctl, Paper
from tests.unit.services.parts import repository

GOOD = EvidenceView(
    source="a1" * 32,
    commit="4f" * 20,
    base="",
    areas=("client", "daemon/store"),
    complaints=(),
    seal="c3" * 32,
    line=5,
    title="A torn tail is cut",
)
WRONG = EvidenceView(
    source="a1" * 32,
    commit="4f" * 20,
    base="b2" * 20,
    areas=(),
    complaints=(
        Complaint(what="client changed", remedy="say so", line=7),
        Complaint(what="no gate was run", remedy="pmrunnerctl gate run"),
    ),
    compared=False,
)
DRAFT = EvidenceDraft(
    source="a1" * 32,
    commit="4f" * 20,
    section="## a\n\nb\n",
    places=5,
    written="/srv/w/EVIDENCE.md",
)


def test_a_good_section_is_shown_with_the_hash_that_is_approved(paper: Paper) -> None:
    draw_view(paper, GOOD)

    assert paper.text == (
        "nothing is wrong with the evidence of content a1a1a1a1a1a1 of commit 4f4f4f4f4f4f\n"
        "title          A torn tail is cut\n"
        "compared with  nothing: all of it is new\n"
        "areas          client, daemon/store\n"
        f"hash           {'c3' * 32}\n"
        "looked at as text: whether it is true is for whoever approves it\n"
    )


def test_all_that_is_wrong_is_shown_with_what_mends_it(paper: Paper) -> None:
    draw_view(paper, WRONG)

    assert paper.text == (
        "2 things wrong with the evidence of content a1a1a1a1a1a1 of commit 4f4f4f4f4f4f\n"
        "  line 7: client changed\n"
        "    say so\n"
        "  no gate was run\n"
        "    pmrunnerctl gate run\n"
        "compared with  b2b2b2b2b2b2\n"
        "gate table     not held against records\n"
        "looked at as text: whether it is true is for whoever approves it\n"
    )


@pytest.mark.parametrize(("view", "status"), [(GOOD, 0), (WRONG, 8)])
def test_the_exit_status_says_whether_something_is_wrong(
    ctl: Ctl, daemon: FakeDaemon, view: EvidenceView, status: int
) -> None:
    daemon.answers[p.EvidenceCheck] = view
    done = ctl("--json", "evidence", "check", "--project", "demo", "--uncommitted", "--base", "v1")

    assert done.status == status
    assert json.loads(done.out)["source"] == "a1" * 32
    assert daemon.requests() == [p.EvidenceCheck(project="demo", uncommitted=True, base="v1")]


def test_what_was_begun_is_said_and_what_is_printed_is_the_section_alone(
    ctl: Ctl, daemon: FakeDaemon, paper: Paper
) -> None:
    daemon.answers[p.EvidenceWrite] = DRAFT
    written = ctl("evidence", "write", "demo")
    printed = ctl("evidence", "write", "demo", "--print", "--commit", "HEAD~1")

    assert written.out.startswith(
        "/srv/w/EVIDENCE.md has a section of a1a1a1a1a1a1: 5 places to complete\n"
    )
    assert printed.out == "## a\n\nb\n"
    assert daemon.requests()[1] == p.EvidenceWrite(project="demo", printed=True, commit="HEAD~1")
    draw_draft(
        paper,
        EvidenceDraft(source="a" * 64, commit="", section="", places=0, was_there=True),
        printed=False,
    )
    assert "which stays as it is" in paper.text


def test_what_helps_is_about_the_project_that_was_named_wherever_one_stands(
    ctl: Ctl, daemon: FakeDaemon
) -> None:
    none = Complaint(what="there is none", remedy="pmrunnerctl evidence write --print   # has it")
    daemon.answers[p.EvidenceCheck] = replace(WRONG, complaints=(none,))
    daemon.answers[p.EvidenceWrite] = DRAFT

    assert (
        "pmrunnerctl evidence write demo --print   # has it\n"
        in ctl("evidence", "check", "demo").out
    )
    written = ctl("evidence", "write", "demo").out
    assert written.endswith("next: pmrunnerctl evidence check demo --uncommitted\n")


def test_the_project_is_the_one_in_which_one_stands_or_the_only_one(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w" / "sub").mkdir(parents=True)
    here = samples.project_row(id="w1", path=str(tmp_path / "w"))
    other = samples.project_row(id="w2", path=str(tmp_path / "x"))
    daemon.answers[p.EvidenceCheck] = GOOD
    daemon.answers[p.ProjectList] = v.ProjectTable(projects=(here, other))
    monkeypatch.chdir(tmp_path)
    lost = ctl("evidence", "check")
    assert (lost.status, "cannot tell which project is meant" in lost.err) == (2, True)
    monkeypatch.chdir(tmp_path / "w" / "sub")
    assert ctl("evidence", "check").status == 0
    monkeypatch.chdir(tmp_path)
    daemon.answers[p.ProjectList] = v.ProjectTable(projects=(other,))
    assert ctl("evidence", "check").status == 0

    asked = [one.project for one in daemon.requests() if isinstance(one, p.EvidenceCheck)]
    assert asked == ["w1", "w2"]


def test_without_a_daemon_a_checkout_is_looked_at(
    ctl: Ctl, daemon: FakeDaemon, tmp_path: Path
) -> None:
    here = str(repository(tmp_path / "w"))
    none = ctl("evidence", "check", "--offline", here)
    written = ctl("evidence", "write", "--offline", here)
    places = ctl("--json", "evidence", "check", "--offline", here, "--uncommitted")

    assert none.status == 8
    assert "there is none at the top of the repository" in none.out
    assert f"pmrunnerctl evidence write --offline {here}" in none.out
    assert written.status == 0
    assert f"next: pmrunnerctl evidence check --offline {here} --uncommitted\n" in written.out
    assert places.status == 8
    assert "still to be completed" in places.out
    assert daemon.requests() == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--records", "FILE"), "cannot use --records without --offline"),
        (("--offline", "DIR", "--project", "x"), "cannot name a project with --offline"),
        (("x", "--offline", "DIR"), "cannot name a project with --offline"),
        (("--offline", "gone"), "gone"),
    ],
)
def test_what_does_not_go_together_is_refused(
    ctl: Ctl, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    (tmp_path / "records").touch()
    paths = {"FILE": str(tmp_path / "records"), "DIR": str(tmp_path)}
    done = ctl("evidence", "check", *(paths.get(word, word) for word in words))

    assert done.status == 2
    assert why in done.err

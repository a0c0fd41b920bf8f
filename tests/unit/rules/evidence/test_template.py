from msgspec.structs import replace

from pmrunnerd.model.evidence import Account, Made, Touched
from pmrunnerd.rules.evidence.areas import areas
from pmrunnerd.rules.evidence.check import check
from pmrunnerd.rules.evidence.lines import read
from pmrunnerd.rules.evidence.sections import of_text
from pmrunnerd.rules.evidence.template import inserted, marks, template
from tests.unit.rules.evidence.parts import (
    ACCOUNT,
    COMMIT,
    DIGEST,
    GOOD,
    OTHER,
    PREAMBLE,
    RECORD,
    TABLE,
    found,
)


def places(text: str) -> list[str]:
    return [name for line in read(text).lines for name in marks(line.text)]


def test_a_template_has_what_is_known_and_a_place_for_each_other_thing() -> None:
    text = template(ACCOUNT, RECORD)

    assert places(text) == ["title", "client", "daemon/store", "tried", "untried"]
    assert TABLE in text
    assert f"Commit `{COMMIT}`" in text
    assert "- `4f2a91c00000` `Cut a torn tail off, before it is opened!` (t12)" in text
    assert "2 files, +32 -4, most in daemon/store/journal.py" in text


def test_a_template_is_refused_for_its_places_and_for_nothing_else_that_it_says() -> None:
    wrong = check(found(template(ACCOUNT, RECORD)), ACCOUNT, RECORD).complaints

    assert {one.what for one in wrong if "to be completed" not in one.what} == set()
    assert [one.what for one in wrong if one.what.startswith("the place")] == [
        f"the place {name} is still to be completed"
        for name in ("title", "client", "daemon/store", "tried", "untried")
    ]


def test_a_template_whose_places_are_completed_is_good() -> None:
    text = template(ACCOUNT, RECORD)
    for number, line in enumerate(text.split("\n")):
        for name in marks(line):
            said = f"Somebody looked at {name} with own eyes, {number}."
            text = text.replace(line[line.index("[") :], said, 1)

    assert check(found(text), ACCOUNT, RECORD).complaints == ()


def test_what_a_commit_is_called_breaks_no_section() -> None:
    subjects = (
        f"x\n## {OTHER} y",
        "`` [TO COMPLETE it: `",
        "<!-- <script> -->",
        "\u202e\x1b[31m",
        "",
        "`",
    )
    account = replace(ACCOUNT, made=tuple(Made(commit="f" * 40, subject=one) for one in subjects))
    text = template(account, RECORD)
    (one,) = of_text(text)

    assert one.digest == DIGEST
    assert list(one.parts)[-1] == "Commits"
    assert len(one.parts["Commits"]) == len(subjects) + 3
    assert not read(text).unclosed
    assert places(text) == ["title", "client", "daemon/store", "tried", "untried"]
    assert text.replace("\n", "").isprintable()


def test_what_a_directory_is_called_breaks_no_section() -> None:
    touched = tuple(
        Touched(path=f"{name}/x")
        for name in ("a\n## b", "[c]: d", "<e>", "`f`", "\u202eg", "__h__", "i #")
    )
    account = replace(ACCOUNT, changed=tuple(areas(touched)))
    text = template(account, RECORD)
    (one,) = of_text(text)

    assert len(one.areas) == len(touched)
    wrong = check(found(text), account, RECORD).complaints
    assert all("to be completed" in complaint.what for complaint in wrong)


def test_many_commits_are_counted_and_no_gate_run_is_said() -> None:
    account = Account(
        source=DIGEST,
        commits=(COMMIT,),
        made=tuple(Made(commit="f" * 40, subject=f"s{n}") for n in range(60)),
    )
    text = template(account, None)

    assert "- and 10 more" in text
    assert "No gate was run" in text
    assert "the first of its kind" in text


def test_a_section_is_put_before_all_others_and_changes_none_of_them() -> None:
    text = inserted(PREAMBLE + GOOD, f"## {OTHER} x\n\n")

    assert text == f"{PREAMBLE}## {OTHER} x\n\n\n{GOOD}"
    assert inserted("", "## x\n") == "# Evidence\n\n## x\n"
    assert inserted("# Evidence\n\nWords.\n\n\n", "## x\n") == "# Evidence\n\nWords.\n\n## x\n"


def test_a_file_keeps_its_line_ends() -> None:
    text = inserted((PREAMBLE + GOOD).replace("\n", "\r\n"), f"## {OTHER} x\n")

    assert "\n" not in text.replace("\r\n", "")
    assert [one.digest for one in of_text(text)] == [OTHER, DIGEST]

import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.model.evidence import Area, Touched
from pmrunnerd.rules.evidence.areas import TOP, areas, declared, misplaced


def names(*paths: str, patterns: tuple[str, ...] = ()) -> list[str]:
    return [area.name for area in areas([Touched(path=path) for path in paths], patterns)]


def test_without_a_word_of_the_project_areas_are_its_top_level_directories() -> None:
    assert names("b/x", "a/y/z", "README.md", "a/q") == ["a", "b", TOP]


def test_the_longest_that_is_declared_has_a_file() -> None:
    patterns = ("d/*", "d/store/codec", "t")

    assert names("d/store/codec/x", "d/store/y", "d/main.py", "t/u/v", patterns=patterns) == [
        *("d", "d/store", "d/store/codec", "t"),
    ]


def test_evidence_itself_is_in_no_area_but_one_elsewhere_is() -> None:
    assert names("EVIDENCE.md") == []
    assert names("docs/EVIDENCE.md") == ["docs"]


def test_an_area_says_how_much_of_it_changed() -> None:
    (one,) = areas([Touched(path="a/x", added=3, removed=1), Touched(path="a/y", added=1)])

    assert one == Area(name="a", files=2, added=4, removed=1, most="a/x")


def test_what_a_project_declares_is_read_and_nothing_is_none() -> None:
    text = b'[tool.pm-runner.evidence]\nareas = ["d/*", "*/tests", "docs"]\n'

    assert declared({"pyproject.toml": text}) == ("d/*", "*/tests", "docs")
    assert declared({"pyproject.toml": b"", "pm-runner.toml": text}) == ("d/*", "*/tests", "docs")
    assert declared({}) == declared({"pyproject.toml": b"[tool.ruff]\n"}) == ()


@pytest.mark.parametrize(
    ("areas_", "why"),
    [
        ('"d"', "areas is no list"),
        ("[1]", "area 1 is no text"),
        ('["/d"]', "begins or ends with /"),
        ('[""]', "has an empty name"),
        ('["d/../e"]', "leads elsewhere"),
        ('["d/*.py"]', "that is not a whole name"),
        ('["a\\u202eb"]', "cannot be printed"),
        (str(["x"] * 201), "no more than 200"),
        ('["d"]\nroom = 1', "room is not known"),
    ],
)
def test_what_cannot_be_an_area_is_refused_by_name(areas_: str, why: str) -> None:
    with pytest.raises(Refused, match=why.replace("*", r"\*")):
        declared({"pyproject.toml": f"[tool.pm-runner.evidence]\nareas = {areas_}\n".encode()})


@pytest.mark.parametrize(
    "text", [b"[", b"\xff", b"tool = 1", b"[tool]\npm-runner = []", b"a=" + b"[" * 9999]
)
def test_a_file_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(Refused, match="cannot read"):
        declared({"pm-runner.toml": text})


def test_what_somebody_took_for_the_file_at_the_top_is_found() -> None:
    paths = ("EVIDENCE.md", "docs/evidence.md", "Evidence.MD", "docs/evidence.md.txt")

    assert misplaced(paths) == ("Evidence.MD", "docs/evidence.md")

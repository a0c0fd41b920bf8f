import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmrunnerd.rules.source import links

OUT = "it is a link out of the source"
CIRCLE = "it is a link in a circle, or through more than 40 others"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (b"", "it is a link to nothing"),
        (b"/etc/passwd", "it is a link to an absolute path"),
        (b"a\0b", "no link can have its target"),
        (b"x" * 4096, "no link can have its target"),
        (b"\xff", "its target is not UTF-8"),
        (b"../a", ""),
    ],
)
def test_a_target_that_no_link_of_a_source_can_have_is_refused(target: bytes, why: str) -> None:
    assert links.unfit(target) == why


@pytest.mark.parametrize(
    ("tree", "wrong"),
    [
        ({"a": ".."}, {"a": OUT}),
        ({"d/a": "../.."}, {"d/a": OUT}),
        ({"d/a": "x/../../../etc"}, {"d/a": OUT}),
        # Through another link: d/up is the top itself, so from there one step is out.
        ({"d/up": "..", "a": "d/up/../etc"}, {"a": OUT}),
        ({"deep": "a/b/c", "x": "deep/../../../.."}, {"x": OUT}),
        ({"a": "b", "b": "a"}, {"a": CIRCLE, "b": CIRCLE}),
        ({"a": "a/x"}, {"a": CIRCLE}),
        (
            {"a": "b", "b": "/etc"},
            {"a": "it is a link to an absolute path", "b": "it is a link to an absolute path"},
        ),
        ({"a": "d/../d/./x//y", "d/b": "../a", "c": "missing", "d/up": "..", "e": "d/up/f"}, {}),
        ({"deep": "a/b/c", "x": "deep/../../.."}, {}),
    ],
)
def test_a_link_that_leads_out_is_found_through_whatever_it_leads(
    tree: dict[str, str], wrong: dict[str, str]
) -> None:
    assert links.leads_out(tree) == wrong


def test_a_chain_is_followed_as_far_as_the_kernel_goes() -> None:
    chain = {f"l{number}": f"l{number + 1}" for number in range(40)}

    assert links.leads_out(chain) == {}
    assert links.leads_out({"l": "l0", **chain}) == {"l": CIRCLE}


STEPS = st.lists(st.sampled_from(["..", "a", "b", "c", "."]), min_size=1, max_size=6)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["c", "a/c", "b/c", "a/b/c"]), STEPS.map("/".join)))
def test_what_is_fine_for_the_rule_does_not_lead_out_for_the_kernel(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, str]
) -> None:
    top = tmp_path_factory.mktemp("links") / "top"
    for name in ("a/b", "b"):
        (top / name).mkdir(parents=True)
    for path, target in tree.items():
        (top / path).symlink_to(target)
    wrong = links.leads_out(tree)

    for path in tree.keys() - wrong.keys():
        real = Path(os.path.realpath(top / path))
        assert real.is_relative_to(top), (path, tree)

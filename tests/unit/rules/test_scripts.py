import pytest

from pmrunnerd.model.errors import Refused
from pmrunnerd.rules.scripts import propose


def test_a_message_without_a_block_is_one_script() -> None:
    proposal = propose("echo hello\necho world\n")
    assert [(s.name, s.text) for s in proposal.steps] == [("script", "echo hello\necho world")]
    assert proposal.title == "echo hello"


def test_blocks_become_tasks_with_names_and_needs() -> None:
    proposal = propose(
        "Build it, please.\n"
        "```sh name=fetch\ncurl x\n```\n"
        "then\n"
        "```bash name=build needs=fetch\nmake\n```\n"
        "```shell needs=fetch,build\nmake test\n```\n"
    )
    assert [(s.name, s.text, s.needs) for s in proposal.steps] == [
        ("fetch", "curl x", ()),
        ("build", "make", ("fetch",)),
        ("block-3", "make test", ("fetch", "build")),
    ]
    assert proposal.title == "Build it, please. then"


def test_a_task_is_titled_by_its_comment_or_by_its_name_and_what_was_said() -> None:
    blocks = "```sh name=a\n# Make it\nmake\n```\n```sh name=b\nmake b\n```\n"
    assert [s.title for s in propose("Do it!\n" + blocks).steps] == ["Make it", "b: Do it!"]
    assert [s.title for s in propose(blocks).steps] == ["Make it", "make b"]


def test_blocks_of_other_languages_are_prose() -> None:
    proposal = propose("see\n```python\nprint(1)\n```\n```sh\ntrue\n```")
    assert [s.text for s in proposal.steps] == ["true"]


def test_a_longer_fence_holds_shorter_ones() -> None:
    (step,) = propose("````sh\ncat <<'X'\n```\nX\n````").steps
    assert step.text == "cat <<'X'\n```\nX"


def test_windows_line_ends_are_understood() -> None:
    (step,) = propose("```sh name=a\r\necho 1\r\n```\r\n").steps
    assert (step.name, step.text) == ("a", "echo 1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```sh\necho", "line 1: the block that begins there is not closed"),
        ("Do it\n\n```sh\necho\n```\n```sh\n", "line 6: the block that begins there is not"),
        ("Do\n```python\nprint(1)\n```\nrm -rf x", "its blocks are python, and only sh runs"),
        ("```\nls\n```", "its blocks are without a language, and only sh runs"),
        ("```sh nmae=x\ntrue\n```", "line 1: 'nmae=x' is no option of a block"),
        ("```sh name=\ntrue\n```", "'name=' is no option of a block"),
        ("```sh name='x\ntrue\n```", "No closing quotation"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        propose(text)

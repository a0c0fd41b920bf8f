import subprocess
import sys

import click
import pytest

from pmrunnerctl.overview import OVERALL, VERBS
from pmrunnerctl.verbs import Verb
from pmrunnerd import __version__
from pmrunnerd.model.protocol import BY_NAME
from tests.unit.pmrunnerctl.conftest import Ctl, environment

OURS = {
    "start",
    "restart",
    "version",
    "logs",
    "completion",
    "state verify",
    "state repair",
    "env add",
    "env list",
    "prove",
    *("release build", "release list", "release prune", "release show"),
}  # no request of their own
PARTS = {
    "agent try",
    "state upload",
    "run prunable",
    "backup report",
    "promotion check",
    "promotion resume",
}  # no verb of their own: sent by another one


def every_verb() -> dict[str, Verb]:
    ctx = click.Context(OVERALL, info_name="pmrunnerctl")
    return {words: OVERALL.verb(ctx, words) for words in VERBS}


def test_every_command_has_a_verb_and_every_verb_its_place_in_the_overview() -> None:
    assert sorted(VERBS) == sorted((BY_NAME.keys() | OURS) - PARTS)
    declared = [
        verb.words
        for word in OVERALL.list_commands(click.Context(OVERALL))
        for command in [OVERALL.get_command(click.Context(OVERALL), word)]
        for verb in (command.commands.values() if isinstance(command, click.Group) else [command])
        if isinstance(verb, Verb)
    ]
    assert sorted(declared) == sorted(VERBS)


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_has_a_summary_more_than_that_and_an_example(words: str) -> None:
    verb = every_verb()[words]
    summary, _, more = (verb.help or "").partition("\n\n")

    assert verb.words == words
    assert summary.endswith(".")
    assert summary[0].isupper()
    assert more.strip().endswith(".")
    if words in BY_NAME:
        assert summary == BY_NAME[words].summary.replace("`", "")
    for line in verb.example.splitlines():
        assert line.removeprefix("sudo ").startswith(f"pmrunnerctl {words}")
    assert verb.then.startswith("pmrunnerctl ") or not verb.then


@pytest.mark.parametrize("words", VERBS)
def test_the_help_of_every_verb_shows_its_example_and_is_no_error(ctl: Ctl, words: str) -> None:
    helped = ctl(*words.split(), "-h")

    assert helped.status == 0
    assert every_verb()[words].example.splitlines()[0] in helped.out
    assert "Always: --env NAME" in helped.out
    assert not helped.err


@pytest.mark.parametrize("noun", sorted({w.split()[0] for w in VERBS if " " in w}))
def test_every_noun_has_help_and_says_its_verbs_where_none_is_given(ctl: Ctl, noun: str) -> None:
    assert ctl(noun, "-h").status == 0
    bare = ctl(noun)

    assert (bare.status, bare.out) == (2, "")
    assert bare.err.startswith(f"pmrunnerctl: cannot do {noun}: it needs a verb: ")


@pytest.mark.parametrize("words", [(), ("-h",), ("--help",)])
def test_without_a_verb_everything_is_shown_by_what_people_want(
    ctl: Ctl, words: tuple[str, ...]
) -> None:
    shown = ctl(*words)

    assert shown.status == 0
    assert [t for t in ("Talk", "Look", "Steer", "Run the daemon") if f"\n{t}\n" in shown.out] == [
        "Talk",
        "Look",
        "Steer",
        "Run the daemon",
    ]
    for words_ in VERBS:
        assert f"\n  {words_} " in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("stats", "status -h"),
        ("runs list", "run -h"),
        ("show run r1", "run show -h"),
        ("list tasks", "task list -h"),
        ("send cake hello", "chat send -h"),
        ("backup a.tgz", "state backup -h"),
        ("show r1", "-h"),
        ("xyzzy", "-h"),
    ],
)
def test_what_is_no_command_points_to_the_one_that_may_be_meant(
    ctl: Ctl, words: str, meant: str
) -> None:
    refused = ctl(*words.split())
    first = words.partition(" ")[0]

    assert (refused.status, refused.out) == (2, "")
    assert refused.err == (
        f"pmrunnerctl: cannot understand this command: no such command {first!r}\n"
        f"  hint: pmrunnerctl {meant}\n"
    )


def test_the_client_tells_its_version_without_a_daemon(ctl: Ctl) -> None:
    assert ctl("--version").out == f"pmrunnerctl {__version__}\n"


def test_one_verb_imports_neither_the_others_nor_asyncio() -> None:
    code = """
import sys
from pmrunnerctl.cli import run
run(["--socket", "/nowhere/at/all", "--patience", "0", "inbox"])
print([name for name in sys.modules if name in {"asyncio", "subprocess"} or name in
       {f"pmrunnerctl.{n}" for n in ("project", "chat", "plan", "task", "run", "start")}])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )

    assert done.stdout == "[]\n"

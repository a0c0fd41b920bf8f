"""What people can get wrong, tried with the real client on a real daemon: told, and nothing lost."""

import shlex
from collections.abc import Iterator

import pytest

from pmrunnerctl.exits import Exit
from pmrunnerd.model.frames import FRAME_LIMIT
from pmrunnerd.model.protocol import MESSAGE_LIMIT
from pmrunnerd.rules.decide import ELSEWHERE
from tests.integration.daemon import Daemon, a_repository, git
from tests.integration.refusals import ctl, is_calm, is_refused, recorded
from tests.unit.services.parts import needs_sandbox


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("bad") / "state") as daemon:
        daemon.add_project("cake")
        daemon.say("cake", "pm-ask 'Which fruit?' apple cherry")
        daemon.until("cake", lambda entry: entry.kind == "question")
        yield daemon


@pytest.fixture
def daemon(whole: Daemon) -> Iterator[Daemon]:
    """The daemon of this module; whatever it is asked, it stays calm and answers the next one."""
    yield whole
    is_calm(whole.log())
    assert ctl(whole, "status").returncode == 0


@pytest.fixture
def unchanged(daemon: Daemon) -> Iterator[Daemon]:
    """The same, for what must not leave a trace in the journal."""
    before = recorded(daemon.state)
    yield daemon
    assert recorded(daemon.state) == before


# Projects


@pytest.mark.parametrize(
    "words",
    [
        ("chat", "send", "pie", "hello"),
        ("chat", "history", "pie"),
        ("chat", "follow", "pie"),
        ("project", "show", "pie"),
        ("project", "set", "pie", "--agent", "shell"),
        ("project", "remove", "pie"),
        ("events", "--project", "pie"),
        ("task", "list", "--project", "pie"),
    ],
    ids=" ".join,
)
def test_an_unknown_project_is_told_with_the_list_of_those_there_are(
    unchanged: Daemon, words: tuple[str, ...]
) -> None:
    is_refused(ctl(unchanged, *words), Exit.NOT_FOUND, "pie", "pmrunnerctl project list")


def test_a_path_that_does_not_exist_is_told(unchanged: Daemon) -> None:
    nowhere = unchanged.home / "nowhere"
    done = ctl(unchanged, "project", "add", "pie", str(nowhere))
    is_refused(
        done, Exit.NOT_FOUND, f"cannot add {nowhere}: it does not exist", f"ls {nowhere.parent}"
    )


def test_a_path_that_is_no_git_repository_is_told(unchanged: Daemon) -> None:
    bare = unchanged.home / "bare"
    bare.mkdir(exist_ok=True)
    done = ctl(unchanged, "project", "add", "pie", str(bare))
    then = f"git -C {bare} -c user.name=me -c user.email=me@localhost commit --allow-empty -m start"
    hint = f"git init {bare} && {then}"
    is_refused(done, Exit.REFUSED, f"cannot add {bare}: it is no git repository", hint)


@needs_sandbox
def test_a_repository_without_a_commit_is_told_and_accepted_once_it_has_one(daemon: Daemon) -> None:
    empty = daemon.home / "with no commit"
    empty.mkdir()
    git(empty, "init", "-q")
    (empty / "staged").touch()
    git(empty, "add", "staged")
    before = recorded(daemon.state)
    done = ctl(daemon, "project", "add", "pie", str(empty))
    somebody = "-c user.name=me -c user.email=me@localhost"
    then = f"git -C '{empty}' {somebody} commit --allow-empty -m start"
    is_refused(done, Exit.REFUSED, f"cannot add {empty}: it has no commit yet", then)
    assert recorded(daemon.state) == before
    git(empty, *shlex.split(then)[3:])
    assert ctl(daemon, "project", "add", "pie", str(empty)).returncode == 0
    assert ctl(daemon, "project", "remove", "pie").returncode == 0


def test_a_part_of_a_repository_is_told_with_the_whole_of_it(unchanged: Daemon) -> None:
    part = a_repository(unchanged.home / "whole") / "part"
    part.mkdir()
    done = ctl(unchanged, "project", "add", "pie", str(part))
    whole = unchanged.home / "whole"
    why = f"cannot add {part}: it is only a part of the git repository {whole}"
    is_refused(done, Exit.REFUSED, why, f"pmrunnerctl project add ALIAS {whole}")


def test_a_path_that_is_a_file_is_told(unchanged: Daemon) -> None:
    file = unchanged.home / "file"
    file.touch()
    done = ctl(unchanged, "project", "add", "pie", str(file))
    is_refused(done, Exit.REFUSED, f"cannot add {file}: it is no directory", ELSEWHERE)


def test_a_system_directory_is_told_with_what_would_do(unchanged: Daemon) -> None:
    done = ctl(unchanged, "project", "add", "pie", "/usr")
    is_refused(done, Exit.REFUSED, "cannot add /usr: ", ELSEWHERE)


def test_an_alias_that_looks_like_an_identifier_is_refused(unchanged: Daemon) -> None:
    path = a_repository(unchanged.home / "pie")
    done = ctl(unchanged, "project", "add", "w1", str(path))
    why = "cannot call a project 'w1': identifiers of projects look like that"
    is_refused(done, Exit.USAGE, why, f"pmrunnerctl project add pie {path}")


@pytest.mark.parametrize("where", [".", "runs", "../state"])
def test_a_path_inside_the_state_directory_is_refused(unchanged: Daemon, where: str) -> None:
    path = unchanged.state / where
    done = ctl(unchanged, "project", "add", "pie", str(path))
    is_refused(done, Exit.REFUSED, f"cannot add {path.resolve()}: ")
    assert str(unchanged.state).encode() in done.stderr


def test_a_repository_inside_the_state_directory_is_refused_because_of_where_it_is(
    unchanged: Daemon,
) -> None:
    inside = unchanged.state / "mine"
    inside.mkdir(exist_ok=True)
    git(inside, "init", "-q")
    link = unchanged.home / "link"
    if not link.is_symlink():
        link.symlink_to(inside)
    for way in (inside, link):
        done = ctl(unchanged, "project", "add", "pie", str(way))
        is_refused(done, Exit.REFUSED, f"cannot add {inside}: it lies in {unchanged.state}")


def test_a_path_that_is_a_project_already_is_told_by_name(unchanged: Daemon) -> None:
    path = unchanged.home / "cake"
    done = ctl(unchanged, "project", "add", "pie", str(path))
    is_refused(done, Exit.REFUSED, f"cannot add {path}: it is project cake already")
    done = ctl(unchanged, "project", "add", "cake", str(path))
    is_refused(done, Exit.REFUSED, "cake")


# Messages


@pytest.mark.parametrize("text", [b"", b" \n\t\n"], ids=["0 bytes", "blanks"])
def test_a_message_of_nothing_is_refused(unchanged: Daemon, text: bytes) -> None:
    done = ctl(unchanged, "chat", "send", "cake", "-", text=text)
    is_refused(done, Exit.USAGE, "cannot send the message: it is empty")


def test_a_message_of_20_megabytes_is_refused_with_the_limit(unchanged: Daemon) -> None:
    done = ctl(unchanged, "chat", "send", "cake", "-", text=b"x" * (20 << 20))
    is_refused(done, Exit.USAGE, f"more than the {FRAME_LIMIT} that fit into a request")


def test_the_largest_message_is_taken_and_one_character_more_is_refused(daemon: Daemon) -> None:
    before = len(recorded(daemon.state))
    done = ctl(daemon, "chat", "send", "cake", "-", text=b"x" * (MESSAGE_LIMIT + 1))
    is_refused(done, Exit.USAGE, f"{MESSAGE_LIMIT:,} characters")
    assert len(recorded(daemon.state)) == before
    done = ctl(daemon, "chat", "send", "cake", "-", text=b"#" * MESSAGE_LIMIT)
    assert done.returncode == 0, done.stderr
    # A task may not be so long, which is said in the conversation.
    daemon.until("cake", lambda entry: "longer than 256 KiB" in entry.text)


def test_a_message_that_is_not_utf_8_is_refused(unchanged: Daemon) -> None:
    done = ctl(unchanged, "chat", "send", "cake", "-", text=b"caf\xe9 au lait")
    is_refused(done, Exit.USAGE, "not UTF-8")
    done = ctl(unchanged, "chat", "send", "cake", b"caf\xe9 au lait")
    is_refused(done, Exit.USAGE, "not UTF-8")


@pytest.mark.parametrize(
    "words",
    [
        ("project", "show", b"caf\xe9"),
        ("project", "add", "pie", b"/srv/caf\xe9"),
        ("answer", "q1", b"caf\xe9"),
        ("project", "set", "cake", "--bootstrap-prompt", b"caf\xe9"),
    ],
    ids=["alias", "path", "answer", "setting"],
)
def test_a_word_that_is_not_utf_8_is_refused(
    unchanged: Daemon, words: tuple[str | bytes, ...]
) -> None:
    done = ctl(unchanged, *words)
    assert done.returncode in {Exit.USAGE, Exit.NOT_FOUND, Exit.REFUSED}, done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stderr.decode().startswith("pmrunnerctl: cannot ")


# Answers


def test_the_same_answer_again_is_the_same_reply_and_another_one_is_refused(daemon: Daemon) -> None:
    first = ctl(daemon, "--json", "answer", "q1", "cherry")
    assert first.returncode == 0, first.stderr
    before = [fact for fact in recorded(daemon.state) if fact["fact"] == "question-answered"]
    again = ctl(daemon, "--json", "answer", "q1", "cherry")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    is_refused(
        ctl(daemon, "answer", "q1", "apple"),
        Exit.REFUSED,
        "cannot answer q1: it was answered by ",
        "pmrunnerctl task show t1",
    )
    after = [fact for fact in recorded(daemon.state) if fact["fact"] == "question-answered"]
    assert [fact["text"] for fact in after] == ["cherry"]
    assert after == before
    daemon.until("cake", lambda entry: entry.kind == "complete" and not entry.task)


def test_an_answer_to_nothing_is_told(unchanged: Daemon) -> None:
    is_refused(ctl(unchanged, "answer", "q99", "yes"), Exit.NOT_FOUND, "cannot find question q99")

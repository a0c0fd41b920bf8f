import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pmrunnerd.services.gates import arriving


def arrived(trees: Path, text: str) -> Path:
    new = arriving.fresh(trees, "one")
    new.mkdir()
    (new / "file").write_text(text)
    return new


def told(tree: Path) -> str:
    return (tree / "file").read_text()


def test_one_that_is_whole_has_its_digest_for_a_name(tmp_path: Path) -> None:
    arriving.keep(tmp_path, arrived(tmp_path, "a1"), "a1", told)
    assert told(tmp_path / "a1") == "a1"


@pytest.mark.parametrize("there", ["a1", "less"])
def test_one_that_is_there_stays_unless_it_is_not_what_it_is_called(
    tmp_path: Path, there: str
) -> None:
    (tmp_path / "a1").mkdir()
    (tmp_path / "a1/file").write_text(there)
    before = (tmp_path / "a1").stat().st_ino
    arriving.keep(tmp_path, arrived(tmp_path, "a1"), "a1", told)
    assert told(tmp_path / "a1") == "a1"
    assert ((tmp_path / "a1").stat().st_ino == before) is (there == "a1")
    assert [path.name for path in tmp_path.iterdir()] == ["a1"]


def test_of_some_that_arrive_at_once_one_stays_and_nobody_is_refused(tmp_path: Path) -> None:
    for round in range(20):
        trees = tmp_path / str(round)
        trees.mkdir()
        came = [trees / f".new-{number}" for number in range(8)]
        for one in came:
            one.mkdir()
            (one / "file").write_text("a1")
        ready = threading.Barrier(len(came))

        def keep(one: Path, trees: Path = trees, ready: threading.Barrier = ready) -> None:
            ready.wait(60)
            arriving.keep(trees, one, "a1", told)

        with ThreadPoolExecutor(len(came)) as pool:
            list(pool.map(keep, came))
        assert [path.name for path in trees.iterdir()] == ["a1"]


def test_what_arrived_in_part_is_no_hindrance_and_goes(tmp_path: Path) -> None:
    left = arrived(tmp_path, "half")
    assert arriving.fresh(tmp_path, "one") == left
    assert not left.exists()
    arrived(tmp_path, "half")
    (tmp_path / "a1").mkdir()
    arriving.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a1"]
    arriving.clear(tmp_path / "nowhere")

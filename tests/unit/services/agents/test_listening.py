import asyncio
import os

from pmrunnerd.services.agents.listening import Ears
from tests.unit.services.agents.parts import Heard
from tests.unit.services.parts import until


def _listen(heard: Heard, *pieces: bytes, limit: int = 1 << 20) -> list[OSError]:
    failures: list[OSError] = []

    async def listen() -> None:
        reader, writer = os.pipe()
        came = asyncio.Event()
        ears = Ears(heard, heard=came.set, failed=failures.append, limit=limit)
        ears.listen("stdout", reader)
        for piece in pieces:
            came.clear()
            os.write(writer, piece)
            await came.wait()
        os.close(writer)
        await ears.close()

    asyncio.run(listen())
    return failures


def test_everything_is_reported_to_the_last_half_line() -> None:
    heard = Heard()
    _listen(heard, b"one\ntw", b"o\nthree")

    assert heard.text() == "one\ntwo\nthree"


def test_a_prompt_without_an_end_is_shown_before_it_has_one() -> None:
    heard = Heard()

    async def listen() -> str:
        reader, writer = os.pipe()
        ears = Ears(heard, heard=lambda: None, failed=lambda _: None)
        ears.listen("stdout", reader)
        os.write(writer, b"working... ")
        await until(lambda: heard.said)
        seen = heard.text()
        os.close(writer)
        await ears.close()
        return seen

    assert asyncio.run(listen()) == "working... "
    assert heard.text() == "working... "


def test_who_prints_too_much_is_cut_off_and_told_once() -> None:
    heard = Heard()
    _listen(heard, b"0123456789\n" * 3, b"0123456789\n" * 3, b"more\n", limit=50)

    assert heard.text().startswith("0123456789\n" * 3)
    assert "more" not in heard.text()
    assert heard.text("runner") == "it printed more than 4.77e-05 MiB; the rest is not kept\n"


def test_a_disk_that_is_full_is_told_once_and_nothing_is_tried_again() -> None:
    heard = Heard(full_after=1)
    failures = _listen(heard, b"one\n", b"two\n", b"three\n")

    assert len(failures) == 1
    assert len(heard.said) == 1


def test_every_word_counts_as_life() -> None:
    beats: list[int] = []

    async def listen() -> None:
        reader, writer = os.pipe()
        ears = Ears(Heard(), heard=lambda: beats.append(1), failed=lambda _: None)
        ears.listen("stdout", reader)
        os.write(writer, b".")
        os.close(writer)
        await ears.close()

    asyncio.run(listen())
    assert beats == [1]


def test_a_stranger_who_holds_the_pipe_does_not_keep_us() -> None:
    async def listen() -> None:
        reader, writer = os.pipe()
        ears = Ears(Heard(), heard=lambda: None, failed=lambda _: None)
        ears.listen("stdout", reader)
        await ears.close()
        os.close(writer)

    asyncio.run(asyncio.wait_for(listen(), 20))

import asyncio
import errno
import logging
import resource
import subprocess
import sys

import pytest

from pmrunnerd.services.descriptors import RESERVE, Shortage, share


@pytest.mark.parametrize(("soft", "hard", "got"), [(64, 512, 512), (64, 64, 64), (512, 512, 512)])
def test_the_soft_limit_is_raised_as_far_as_it_goes_and_never_lowered(
    soft: int, hard: int, got: int
) -> None:
    script = (
        "import resource\n"
        "from pmrunnerd.services.descriptors import raise_limit\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == [str(got), str(got)]
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0


@pytest.mark.parametrize("descriptors", [8, 64, 256, 1024, 8192, 1 << 20])
def test_the_doors_leave_the_store_what_it_needs(descriptors: int) -> None:
    found = share(descriptors)
    assert found.control >= found.web >= 1
    assert found.control + found.web <= descriptors - min(RESERVE, descriptors // 2)


def test_a_thousand_clients_fit_where_the_system_lets_them() -> None:
    found = share(8192)
    assert found.control > 1000
    assert found.web > 1000


def test_a_shortage_is_said_in_words_and_other_trouble_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        short = OSError(errno.EMFILE, "Too many open files")
        shortage = Shortage()
        for _ in range(100):
            shortage(loop, {"message": "accept", "exception": short})
        shortage(loop, {"message": "something else", "exception": ValueError("x")})

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    said, other = caplog.records
    assert said.getMessage() == "cannot let anybody in for a second: too many open files"
    assert said.exc_info is None
    assert other.exc_info is not None

"""Who promotes, killed at each system call, cut off from power at each moment, and told of trouble: the next one ends it."""

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pmrunnerd.model.promotion import Ending
from tests.crash.promotions import NEXT, Promoters, must_be_ended_by, must_promote_again, promoters
from tests.crash.replay import Memory, lay_out
from tests.crash.tracing import STRACE
from tests.crash.wayback import Call, calls, killed_at
from tests.everything import EVERYTHING
from tests.unit.services.promotion.faults import ENDS
from tests.unit.services.promotion.ground import Prod

pytestmark = [
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("promoter"),
]
# Of so many calls one is tried, unless everything is.
EVERY = 1 if EVERYTHING else 12
ERRORS = ("EIO", "ENOSPC", "EACCES", "EROFS")
SIGKILL = -9


@pytest.fixture(scope="module")
def them() -> Iterator[Promoters]:
    with promoters() as found:
        yield found


@pytest.fixture
def prod(tmp_path: Path) -> Prod:
    return Prod(tmp_path / "prod")


def counted(them: Promoters, prod: Prod, fault: Callable[[Prod], None], trace: Path) -> list[Call]:
    """Promote, and return each call that changes something, or takes a lock."""
    assert them.promote(prod, fault.__name__, trace) == ENDS[fault][0]
    there = calls(trace, prod)
    return [call for call in there if call.changes or call.name == "flock"]


def tried(there: list[Call], fault: Callable[[Prod], None]) -> list[Call]:
    """Return those that are tried, others for each fault."""
    return there[[*ENDS].index(fault) * EVERY // len(ENDS) :: EVERY]


@pytest.mark.parametrize("fault", ENDS)
def test_killed_at_any_system_call_it_is_ended_by_the_next_one(
    tmp_path: Path, prod: Prod, them: Promoters, fault: Callable[[Prod], None]
) -> None:
    there = counted(them, prod.copy(tmp_path / "counted"), fault, tmp_path / "trace")
    assert len(there) > 40
    for number, call in enumerate(tried(there, fault)):
        left = prod.copy(tmp_path / "left")
        status = them.promote(left, fault.__name__, tmp_path / "trace", *killed_at(call))
        assert status == SIGKILL, (call, status)
        for comes in NEXT if EVERYTHING else [[*NEXT][number % len(NEXT)]]:
            after = left.copy(tmp_path / f"{number} {comes}")
            must_be_ended_by(comes, after, fault)
            must_promote_again(after)
            after.remove()
        left.remove()


@pytest.mark.parametrize("fault", ENDS)
def test_a_power_cut_at_any_moment_leaves_what_a_boot_and_the_next_one_end(
    tmp_path: Path,
    prod: Prod,
    them: Promoters,
    fault: Callable[[Prod], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    memory, chance, states = Memory(prod), random.Random(fault.__name__), 0
    there = counted(them, prod, fault, tmp_path / "trace")
    chosen = tried(there, fault)
    for call in there:
        if call in chosen:
            for image in memory.left(chance):
                states += 1
                lay_out(image, prod)
                must_be_ended_by("a boot", Prod(prod.root), fault)
        memory.do(call)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{fault.__name__}: {states} states of a power cut at {len(chosen)} moments\n"
        )
    assert states > len(chosen)


@pytest.mark.parametrize("fault", ENDS)
def test_told_of_trouble_at_any_system_call_it_says_so_and_is_ended(
    tmp_path: Path, prod: Prod, them: Promoters, fault: Callable[[Prod], None]
) -> None:
    once = prod.copy(tmp_path / "counted")
    there = [call for call in counted(them, once, fault, tmp_path / "trace") if call.changes]
    for number, call in enumerate(tried(there, fault)):
        for error in ERRORS if EVERYTHING else [ERRORS[number % len(ERRORS)]]:
            left = prod.copy(tmp_path / "left")
            lie = killed_at(call, f"error={error}")
            status = them.promote(left, fault.__name__, tmp_path / "trace", *lie)
            assert "(INJECTED)" in (tmp_path / "trace").read_text()
            assert status in {1, *Ending}, (call, status)
            also = (Ending.REFUSED, Ending.RETURNED)
            after = Prod(left.root)
            must_be_ended_by("another promoter", after, fault, also)
            must_promote_again(after)
            left.remove()

from hypothesis import given
from hypothesis import strategies as st

from pmrunnerd.store.requests import GENERATION, GENERATIONS, Requests


def test_a_request_leads_to_the_commit_it_became() -> None:
    requests = Requests()
    requests.add("a", 1)
    requests.add("b", 2)

    assert (requests.find("a"), requests.find("b"), requests.find("c")) == (1, 2, None)


@given(st.integers(0, 60), st.integers(1, 5), st.integers(1, 4))
def test_the_latest_are_remembered_and_the_oldest_are_forgotten_first(
    count: int, size: int, generations: int
) -> None:
    requests = Requests(size=size, generations=generations)
    for seq in range(1, count + 1):
        requests.add(f"request {seq}", seq)
    found = [seq for seq in range(1, count + 1) if requests.find(f"request {seq}") == seq]

    assert found == list(range(count - len(found) + 1, count + 1)), "no gaps, and up to the last"
    assert min(count, size * generations) <= len(found) <= size * (generations + 1)


def test_a_hundred_thousand_requests_are_remembered() -> None:
    assert GENERATION * GENERATIONS >= 100_000

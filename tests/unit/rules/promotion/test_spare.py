from pmrunnerd.rules.promotion.spare import Past, spare


def past(count: int, **said: str) -> list[Past]:
    """Return so many, p1 the oldest; `said` is by which of them a release was well."""
    names = [f"p{number}" for number in range(1, count + 1)]
    return [
        Past(name=name, at=float(number), well=frozenset(said.get(name, "").split()))
        for number, name in enumerate(names)
    ]


def test_what_alone_says_that_a_release_was_well_here_stays_however_old_it_is() -> None:
    every = past(5, p1="1-a", p2="1-a 2-b", p3="2-b")
    assert set(spare(every, {"1-a", "2-b"}, kept=1)) == {"p1", "p4"}


def test_what_spoke_of_releases_that_are_gone_goes_with_them() -> None:
    assert set(spare(past(3, p1="1-a", p2="2-b"), {"2-b"}, kept=1)) == {"p1"}


def test_the_latest_stay_and_they_speak_for_releases_too() -> None:
    assert set(spare(past(4, p1="1-a", p4="1-a"), {"1-a"}, kept=2)) == {"p1", "p2"}


def test_as_many_stay_as_the_daemon_remembers() -> None:
    assert list(spare(past(50), ())) == []
    assert list(spare(past(52), ())) == ["p2", "p1"]


def test_of_two_that_a_clock_has_set_to_one_moment_one_is_the_later() -> None:
    two = [Past(name="p1", at=1.0), Past(name="p2", at=1.0)]
    assert list(spare(two, (), kept=1)) == ["p1"]

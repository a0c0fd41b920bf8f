import msgspec

from pmrunnerd.model.spec import Budget, Limits, Spec


def test_a_spec_of_an_older_release_is_understood() -> None:
    oldest = {
        "environment": "dev",
        "run": "r1-4f2a",
        "task": "t1",
        "project": "demo",
        "agent": "shell",
        "title": "x",
        "text": "true",
        "workspace": "/srv/demo",
        "limits": {"total": 60, "silence": 5},
    }
    spec = msgspec.convert(oldest, Spec)
    assert (spec.attempt, spec.answers, spec.unconfined) == (1, (), False)
    assert spec.limits == Limits(total=60, silence=5)


def test_of_a_budget_no_more_is_left_than_one_run_may_have_and_never_less_than_nothing() -> None:
    assert Budget(scope="day", limit=3.0, used=1.0).left == 2.0
    assert Budget(scope="day", limit=3.0, used=1.0, most=0.5).left == 0.5
    assert Budget(scope="day", limit=3.0, used=4.0, most=0.5).left == 0.0

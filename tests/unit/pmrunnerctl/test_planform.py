import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmrunnerctl import planform
from pmrunnerctl.exits import Cannot, misused
from pmrunnerd.model import views as v
from pmrunnerd.model.entities import PlanState, Purpose, Task, TaskKind, TaskState
from tests.unit.pmrunnerctl import samples

HEAD = 'plan = "p3"\nedits = 0\n'


def view(*tasks: Task, state: PlanState = PlanState.AWAITING_APPROVAL, **about: str) -> v.PlanView:
    rows = tuple(v.TaskRow(task=task, alias="demo", waits="") for task in tasks)
    plan = samples.plan(state=state, **about)
    return v.PlanView(plan=plan, alias="demo", message="make", tasks=rows)


def task(**about: object) -> Task:
    return samples.task(**{"state": TaskState.QUEUED} | about)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has no plan"),
        ("plan = p3", "invalid value (at line 1, column 8)"),
        ('plan = "p3"\nedits = "no"', "expected `int`, got `str` - at `edits`"),
        ('plan = "p3"\nedits = inf', "expected `int`, got `float` - at `edits`"),
        (HEAD + "colour = 1", "it has a colour, which is not known"),
        (HEAD + '[[task]]\nname = "a"', "task 1 has no text"),
        (
            HEAD + '[[task]]\nname = "a"\ntext = "x"\n[[task]]\nneed = 1',
            "task 2 has a need, which is not known",
        ),
    ],
)
def test_what_is_wrong_with_the_text_is_said_in_words(text: str, why: str) -> None:
    with pytest.raises(Cannot) as refused:
        planform.read(text)
    assert str(refused.value) == f"cannot read the plan: {why}"
    assert refused.value.hint == "pmrunnerctl plan edit -h"


def test_a_plan_is_a_text_that_says_what_it_is_and_holds_scripts_as_they_are() -> None:
    one = task(
        id="t3", text="make\n# \\n stays\n", files=("a.py",), risk="none", purpose=Purpose.DOCS
    )
    two = task(id="t4", name="check", title="Check it", text="check", needs=("t3",))
    text = planform.written(view(one, two))
    assert text.startswith("# Plan p3 of demo. Save it and leave the editor to send it back;")
    assert "text = '''\nmake\n# \\n stays\n'''\n" in text
    assert '\nneeds = ["build"]\n' in text
    assert planform.read(text).edits == 0
    assert [form.purpose for form in planform.read(text).task] == [Purpose.DOCS, None]


def test_its_making_and_what_was_cancelled_of_it_are_no_part_of_the_text() -> None:
    planner = task(id="t2", kind=TaskKind.PLANNING, state=TaskState.COMPLETE)
    gone = task(id="t4", name="gone", state=TaskState.CANCELLED)
    after = task(id="t5", name="after", needs=("t3", "t9"))
    form = planform.read(planform.written(view(planner, task(), gone, after)))
    assert [(one.name, one.needs) for one in form.task] == [("build", ()), ("after", ("build",))]


def test_a_plan_that_is_over_shows_all_its_work() -> None:
    gone = task(state=TaskState.CANCELLED)
    form = planform.read(planform.written(view(gone, state=PlanState.REJECTED)))
    assert [one.name for one in form.task] == ["build"]


TEXT = st.text(min_size=1, max_size=40) | st.sampled_from(["it's '''", 'a """ b', "a'", "x\r\ny"])


@given(TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple))
def test_whatever_a_plan_says_is_read_as_it_was_and_shows_no_hidden_character(
    text: str, title: str, files: tuple[str, ...]
) -> None:
    written = planform.written(view(task(text=text, risk=title, files=files), title=title))
    form = planform.read(written)
    assert (form.title, form.task[0].text) == (title, text)
    assert (form.task[0].risk, form.task[0].files) == (title, files)
    assert not set("\x00\x1b\x7f\x9b\u202e\r") & set(written)
    tomllib.loads(written)


def test_a_complaint_stands_at_the_beginning_and_takes_the_place_of_the_one_before() -> None:
    first = planform.complained("x = 1\n", misused("cannot edit plan p3: one\ntwo"))
    assert first == "#! cannot edit plan p3: one\n#! two\nx = 1\n"
    assert planform.complained(first, misused("no")) == "#! no\nx = 1\n"
    assert planform.without_complaints(first) == "x = 1\n"
    assert planform.without_complaints("x = 1\n#! mine\n") == "x = 1\n#! mine\n"


def test_a_text_is_the_same_whatever_its_comments_and_another_where_it_says_another_thing() -> None:
    before = 'plan = "p1"\nedits = 0\ntitle = "x"\n'

    assert planform.same("# mine\n" + before, before)
    assert not planform.same(before.replace("x", "y"), before)
    assert not planform.same("plan = ", before)

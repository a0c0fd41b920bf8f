import msgspec
import pytest

from pmrunnerd.model.entities import Entity, Project, Question, Response


@pytest.mark.parametrize("kind", Entity.__subclasses__(), ids=lambda kind: kind.__name__)
def test_a_noun_cannot_be_changed_and_is_camel_case_in_json(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert all("_" not in name for name in kind.__struct_encode_fields__)


def test_settings_of_a_project_read_as_the_ancestor_wrote_them() -> None:
    project = msgspec.json.decode(
        b'{"id":"w1","alias":"a","path":"/a","projectType":"runner-dev","bootstrapPrompt":"hi"}',
        type=Project,
    )
    assert (project.project_type, project.bootstrap_prompt) == ("runner-dev", "hi")


def test_a_question_has_an_answer_as_a_whole_or_none() -> None:
    question = Question(id="q1", project="w1", task="t1", run="r1", text="which?")
    assert question.answer is None
    with pytest.raises(TypeError):
        Response(text="this one")  # type: ignore[call-arg]

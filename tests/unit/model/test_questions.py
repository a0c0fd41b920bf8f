from pmrunnerd.model.questions import OPTIONS, Kind


def test_every_question_of_the_runner_s_own_has_answers_and_the_agent_s_are_free() -> None:
    assert set(OPTIONS) == set(Kind) - {Kind.AGENT}
    assert all(len(set(options)) == len(options) > 1 for options in OPTIONS.values())

import pytest

from pmrunnerd.model.settings import table


def test_every_setting_is_spelled_for_every_door_and_says_what_it_does() -> None:
    for row in table():
        assert row.help.endswith("."), row.key
        assert row.variable == "PMRUNNER_" + row.key.upper().replace(".", "_")
        assert row.option == "--" + row.key.replace(".", "-").replace("_", "-")


@pytest.mark.parametrize(
    ("field", "expects", "shown"),
    [
        ("web_port", "a whole number from 0 to 65535", "3503"),
        (
            "runs_memory",
            "a number of bytes, or a size such as 512MiB (KiB, MiB, GiB, TiB), 1024 TiB at most",
            "512MiB",
        ),
        ("runs_unconfined", "true or false", "false"),
        ("agent_env", "variables, such as HTTPS_PROXY=http://proxy:3128 NO_PROXY=localhost", ""),
    ],
)
def test_a_setting_says_in_words_what_it_may_be_and_what_it_is_by_default(
    field: str, expects: str, shown: str
) -> None:
    (row,) = (row for row in table() if row.field == field)

    assert (row.expects, row.shown) == (expects, shown)

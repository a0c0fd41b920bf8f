import pytest

from pmrunnerd.model.errors import BadRequest
from pmrunnerd.model.variables import check, read, spell


@pytest.mark.parametrize(
    "name",
    "PATH HOME CLAUDE_CONFIG_DIR LD_PRELOAD LD_LIBRARY_PATH NODE_OPTIONS GIT_DIR PYTHONPATH".split(),
)
def test_what_confinement_stands_on_cannot_be_set(name: str) -> None:
    with pytest.raises(BadRequest, match=f"{name} may not be set: the sandbox") as refused:
        check("agent.env", {name: "x"})
    assert "--agent-env" in str(refused.value.hint)


@pytest.mark.parametrize(
    "name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"]
)
def test_a_login_is_no_variable_and_is_not_repeated(name: str) -> None:
    with pytest.raises(BadRequest, match="it is a login") as refused:
        check("agent.env", {name: "sk-ant-secret"})
    assert "agent login" in str(refused.value.hint)
    assert "sk-ant-secret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize("name", ["", "lower", "A-B", "1A", "A B", "Ä", "A\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="is no name of a variable"):
        check("agent.env", {name: "x"})


@pytest.mark.parametrize("text", ["sk-ant-secret", "A=1 sk-ant-secret", "A='sk-ant-secret"])
def test_text_that_cannot_be_read_is_not_repeated(text: str) -> None:
    with pytest.raises(BadRequest, match="cannot read variables") as refused:
        read(text)
    assert "sk-ant-secret" not in f"{refused.value} {refused.value.hint}"


def test_variables_are_written_as_for_a_shell() -> None:
    assert read("") == {}
    assert read("NO_PROXY=a,.b NOTE='two words' EMPTY=") == {
        "NO_PROXY": "a,.b",
        "NOTE": "two words",
        "EMPTY": "",
    }


def test_what_is_spelled_is_read_again() -> None:
    given = {"A": "two words", "B": "", "C": "it's"}
    assert read(spell(given)) == given


def test_proxies_a_ca_and_a_base_url_may_be_set() -> None:
    given = dict.fromkeys(
        ("HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "ANTHROPIC_BASE_URL"), "x"
    )
    assert check("agent.env", given) == given

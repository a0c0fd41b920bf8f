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
    "name",
    """ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_CUSTOM_HEADERS CLAUDE_CODE_OAUTH_TOKEN
    CLAUDE_CODE_OAUTH_REFRESH_TOKEN CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR CLAUDE_CODE_CLIENT_KEY
    CLAUDE_CODE_CLIENT_CERT CLAUDE_CODE_CLIENT_KEY_PASSPHRASE CLAUDE_SESSION_INGRESS_TOKEN_FILE
    ANTHROPIC_AWS_API_KEY ANTHROPIC_FOUNDRY_API_KEY AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_PROFILE
    AWS_BEARER_TOKEN_BEDROCK AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE AZURE_CLIENT_SECRET
    AZURE_CLIENT_CERTIFICATE_PATH GOOGLE_APPLICATION_CREDENTIALS OPENAI_API_KEY GH_TOKEN MCP_CLIENT_SECRET
    NPM_CONFIG__AUTH PGPASSWORD MYSQL_PWD SSH_AUTH_SOCK SSH_ASKPASS OTEL_EXPORTER_OTLP_HEADERS""".split(),
)
def test_a_login_is_no_variable_and_is_not_repeated(name: str) -> None:
    with pytest.raises(BadRequest, match=f"{name} may not be set: it is a login") as refused:
        check("agent.env", {name: "sk-ant-secret"})
    assert "agent login" in str(refused.value.hint)
    assert "sk-ant-secret" not in f"{refused.value} {refused.value.hint}"


def test_a_login_may_be_set_where_nothing_else_brings_it() -> None:
    given = {"GEMINI_API_KEY": "k"}
    assert check("agent.acp.env", given, logins=True) == given
    with pytest.raises(BadRequest, match="LD_PRELOAD may not be set"):
        check("agent.acp.env", {"LD_PRELOAD": "x"}, logins=True)


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


@pytest.mark.parametrize(
    "name",
    """HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS SSL_CERT_FILE ANTHROPIC_BASE_URL AWS_REGION AWS_DEFAULT_REGION
    MAX_THINKING_TOKENS CLAUDE_CODE_MAX_OUTPUT_TOKENS ANTHROPIC_MODEL GOOGLE_CLOUD_PROJECT""".split(),
)
def test_what_is_no_login_may_be_set(name: str) -> None:
    assert check("agent.env", {name: "x"}) == {name: "x"}

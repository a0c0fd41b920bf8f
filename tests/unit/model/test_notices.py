import pytest

from pmrunnerd.model import notices
from pmrunnerd.model.notices import Unfit, Webhook, parsed, shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "hooks.example/x", "ftp://h/x", "https://", "https://h:0/", "https://h:99999/"),
        *("https://u:p@h/x", "https://h/a b", "https://h/\r\nHost: x", "https://[::1/x"),
    ],
)
def test_what_is_no_url_of_the_web_is_none(text: str) -> None:
    assert parsed(text) is None
    assert shown(text) == "…"


def test_a_url_is_taken_apart_and_put_together_as_a_request_names_it() -> None:
    found = parsed("https://hooks.example:8443/T0/hush?k=1#top")
    assert found is not None
    assert (found.host, found.port, found.path) == ("hooks.example", 8443, "/T0/hush?k=1")
    assert found.authority == "hooks.example:8443"
    found = parsed("http://[fd00::1]?k=1")
    assert found is not None
    assert (found.host, found.port, found.path) == ("fd00::1", 80, "/?k=1")
    assert found.authority == "[fd00::1]"


def test_of_a_url_only_the_host_is_shown() -> None:
    assert shown("https://hooks.example/T0/hush?k=1") == "https://hooks.example/…"
    assert shown("https://hooks.example/") == "https://hooks.example"
    assert "hush" not in repr(Webhook(url="https://hooks.example/hush"))


@pytest.mark.parametrize("value", [7, "h", "https://u@h/", None])
def test_a_webhook_that_cannot_be_is_refused(value: object) -> None:
    with pytest.raises(Unfit):
        notices.url(value)
    assert notices.url("") == ""


def test_a_proxy_is_an_http_url_without_a_path() -> None:
    assert notices.proxy("http://proxy:3128") == "http://proxy:3128"
    for wrong in ("https://proxy:3128", "http://proxy/x", "proxy:3128"):
        with pytest.raises(Unfit):
            notices.proxy(wrong)


def test_networks_and_kinds_are_words_of_a_text_or_a_list() -> None:
    assert notices.networks("10.1.2.3/8, fd00::1") == "10.0.0.0/8,fd00::1/128"
    assert notices.networks(["10.0.0.1"]) == "10.0.0.1/32"
    assert notices.kinds(["questions", "limits"]) == "questions,limits"
    assert notices.kinds("") == ""
    for check, wrong in (
        *((notices.networks, "10.0.0.0/99"), (notices.networks, 7), (notices.networks, [7])),
        (notices.kinds, "question"),
    ):
        with pytest.raises(Unfit):
            check(wrong)

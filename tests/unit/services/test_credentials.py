import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pmrunnerd.model.logins import Login
from pmrunnerd.services import credentials
from pmrunnerd.services.credentials import NoLogin, Stored

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRET = "sk-ant-oat01-hush"


def keep(state: Path, kept: Stored | bytes) -> None:
    place = credentials.file(state, "claude")
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(kept if isinstance(kept, bytes) else json.dumps(_plain(kept)).encode())


def _plain(kept: Stored) -> dict[str, str]:
    given = {"kind": kept.kind.value, "secret": kept.secret, "path": kept.path}
    return given | {"expires": kept.expires}


def own(tmp_path: Path, **login: object) -> Path:
    path = tmp_path / ".credentials.json"
    given = {"accessToken": SECRET, "refreshToken": "never", "expiresAt": 4_000_000_000_000}
    path.write_text(json.dumps({"claudeAiOauth": given | login}))
    return path


def test_without_a_login_nothing_is_handed_on(tmp_path: Path) -> None:
    with pytest.raises(NoLogin, match="it is not logged in") as refused:
        credentials.read(tmp_path, "claude", NOW)
    assert refused.value.hint == "pmrunnerctl agent login claude"


@pytest.mark.parametrize("text", [b"", b"{", b'{"kind":"sk-ant-oat01-hush"}', b"[]"])
def test_a_damaged_file_is_said_so_and_not_repeated(tmp_path: Path, text: bytes) -> None:
    keep(tmp_path, text)
    with pytest.raises(NoLogin, match="its file is damaged") as refused:
        credentials.read(tmp_path, "claude", NOW)
    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_expired_token_is_not_handed_on(tmp_path: Path) -> None:
    keep(tmp_path, Stored(kind=Login.TOKEN, secret=SECRET, expires="2026-11-26T12:00:00.000Z"))
    with pytest.raises(NoLogin, match="expired at 2026-11-26T12"):
        credentials.read(tmp_path, "claude", NOW)


@pytest.mark.parametrize(
    ("kind", "variable"),
    [(Login.API_KEY, "ANTHROPIC_API_KEY"), (Login.TOKEN, "CLAUDE_CODE_OAUTH_TOKEN")],
)
def test_a_key_and_a_token_have_a_variable_each(tmp_path: Path, kind: Login, variable: str) -> None:
    keep(tmp_path, Stored(kind=kind, secret=SECRET))
    assert credentials.read(tmp_path, "claude", NOW).environment == {variable: SECRET}


def test_of_a_persons_own_login_the_access_token_of_now_is_handed_on_and_no_more(
    tmp_path: Path,
) -> None:
    path = own(tmp_path)
    keep(tmp_path, Stored(kind=Login.OWN, path=str(path)))
    found = credentials.read(tmp_path, "claude", NOW)
    assert found.environment == {"CLAUDE_CODE_OAUTH_TOKEN": SECRET}
    assert found.expires == "2096-10-02T07:06:40.000Z"
    own(tmp_path, accessToken="renewed")
    renewed = credentials.read(tmp_path, "claude", NOW).environment
    assert renewed == {"CLAUDE_CODE_OAUTH_TOKEN": "renewed"}


def test_a_persons_own_login_that_expired_is_theirs_to_renew(tmp_path: Path) -> None:
    path = own(tmp_path, expiresAt=int(NOW.timestamp() * 1000))
    keep(tmp_path, Stored(kind=Login.OWN, path=str(path)))
    with pytest.raises(NoLogin, match="it expired at 2026-11-26T12:00:00") as refused:
        credentials.read(tmp_path, "claude", NOW)
    assert str(refused.value.hint).startswith("claude   # renews the login")
    assert refused.value.expires == "2026-11-26T12:00:00.000Z"
    own(tmp_path, expiresAt=int(NOW.timestamp() * 1000) + 3000)
    with pytest.raises(NoLogin, match="it ends, too soon to start with it, at 2026-11-26T12:00:03"):
        credentials.read(tmp_path, "claude", NOW)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"claudeAiOauth": 1}', '{"claudeAiOauth": {}}', '{"other": {}}']
)
def test_a_persons_own_login_that_is_none_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".credentials.json"
    path.write_text(text)
    keep(tmp_path, Stored(kind=Login.OWN, path=str(path)))
    with pytest.raises(NoLogin, match="there is no access token in it"):
        credentials.read(tmp_path, "claude", NOW)
    path.unlink()
    with pytest.raises(NoLogin, match="no such file"):
        credentials.read(tmp_path, "claude", NOW)


@pytest.mark.parametrize("path", ["pipe", "/dev/zero", "."])
def test_a_persons_own_login_that_is_no_file_stops_nobody(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    kept = Stored(kind=Login.OWN, path=str(tmp_path / path))
    with pytest.raises(NoLogin, match="it is no file"):
        credentials.credential(kept, "claude", NOW)


def test_a_persons_own_login_that_is_far_too_long_is_not_read(tmp_path: Path) -> None:
    path = own(tmp_path)
    os.truncate(path, 1 << 40)
    with pytest.raises(NoLogin, match="it has more than 1 MiB"):
        credentials.credential(Stored(kind=Login.OWN, path=str(path)), "claude", NOW)


def test_a_pipe_in_the_place_of_what_is_kept_stops_nobody(tmp_path: Path) -> None:
    place = credentials.file(tmp_path, "claude")
    place.parent.mkdir(exist_ok=True)
    os.mkfifo(place)
    with pytest.raises(NoLogin, match="its file is damaged"):
        credentials.read(tmp_path, "claude", NOW)


def test_neither_shows_its_secret_where_it_is_printed() -> None:
    kept = Stored(kind=Login.TOKEN, secret=SECRET)
    handed = credentials.credential(kept, "claude", NOW)
    assert "hush" not in f"{kept!r} {kept} {handed!r} {handed} {[kept]}"


def test_the_logins_of_an_installed_state_are_where_its_daemon_cannot_look() -> None:
    state = Path("/var/lib/pm-runner/state/prod")
    assert credentials.installed(state) == Path("/var/lib/pm-runner/secrets/prod")
    assert credentials.installed(Path("/srv/state")) == Path("/srv/state/secrets")

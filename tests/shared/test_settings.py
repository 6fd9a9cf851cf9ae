"""Settings: a wrong value is refused with name, value and what is allowed; secrets stay masked."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from deploy.commands.services import NAMES, find_settings_class
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from shared.settings import Settings, SettingsError, list_values, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the test sets."""
    for name in [name for name in os.environ if name.startswith("GUANJIA_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("GUANJIA_BROKER", "redis", "'kafka' or 'mesh'"),
        ("GUANJIA_PORT", "70000", "less than or equal to 65535"),
        ("GUANJIA_PORT", "http", "a valid integer"),
        ("GUANJIA_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("GUANJIA_BATCH_EVENTS_MAX", "501", "less than or equal to 500"),
        ("GUANJIA_TOWN_LIMIT_FEN", "-1", "greater than or equal to 0"),
        ("GUANJIA_TOWN_LIMIT_FEN", "1.5", "a valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings(IntakeSettings)
    assert f"{variable} = '{value}'" in str(refused.value)
    assert allowed in str(refused.value)


def test_every_wrong_value_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_BROKER", "redis")
    monkeypatch.setenv("GUANJIA_PORT", "-1")
    with pytest.raises(SettingsError) as refused:
        load_settings(Settings)
    assert len(str(refused.value).splitlines()) == 2


def test_a_mapping_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_SMS_TEMPLATE_IDS", "{match_proposed: 1}")
    with pytest.raises(SettingsError) as refused:
        load_settings(NotifySettings)
    assert "GUANJIA_SMS_TEMPLATE_IDS = '{match_proposed: 1}'" in str(refused.value)
    assert "JSON object" in str(refused.value)


def test_the_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "guanjia.toml"
    file.write_text('port = 9001\nlog_level = "debug"\n')
    monkeypatch.setenv("GUANJIA_SETTINGS_FILE", str(file))
    monkeypatch.setenv("GUANJIA_PORT", "9002")
    settings = load_settings(IntakeSettings)
    assert (settings.port, settings.log_level) == (9002, "debug")


@pytest.mark.parametrize("content", [None, "port = = 1", "port = 'x'"])
def test_a_file_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "guanjia.toml"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("GUANJIA_SETTINGS_FILE", str(file))
    with pytest.raises(SettingsError, match=r"GUANJIA_(SETTINGS_FILE|PORT) = "):
        load_settings(Settings)


def test_secrets_lie_in_the_data_folder_unless_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path))
    assert load_settings(Settings).secrets_dir == tmp_path / "secrets"
    monkeypatch.setenv("GUANJIA_SECRETS_DIR", "/run/secrets/guanjia")
    assert load_settings(Settings).secrets_dir == Path("/run/secrets/guanjia")


@given(secret=st.binary(min_size=16).map(bytes.hex))
def test_no_secret_is_in_what_is_shown(secret: str) -> None:
    for name in NAMES:
        kind = find_settings_class(name)
        secrets = {f: SecretStr(secret) for f, i in kind.model_fields.items() if _hidden(i)}
        settings = kind.model_validate(secrets)
        assert secret not in str(list_values(settings))
        assert secret not in repr(settings)


def _hidden(info: object) -> bool:
    return getattr(info, "annotation", None) is SecretStr


def test_every_secret_is_of_the_type_that_hides_it() -> None:
    words = ("secret_key", "_token", "aes_key", "wechat_secret", "password")
    for name in NAMES:
        for field, info in find_settings_class(name).model_fields.items():
            assert not field.endswith(words) or _hidden(info), f"{name}: {field} is shown"


def test_a_password_in_the_database_address_is_masked() -> None:
    settings = Settings(mongo_uri="mongodb://guanjia:p@ssw0rd@db.example/?replicaSet=rs0")
    shown = list_values(settings)["GUANJIA_MONGO_URI"]
    assert shown == "mongodb://***@db.example/?replicaSet=rs0"


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "guanjia.toml"
    file.write_text("tencent_secret_key = 123456789\n")
    monkeypatch.setenv("GUANJIA_SETTINGS_FILE", str(file))
    with pytest.raises(SettingsError, match="GUANJIA_TENCENT_SECRET_KEY") as refused:
        load_settings(NotifySettings)
    assert "123456789" not in str(refused.value)


def test_services_that_run_side_by_side_have_ports_of_their_own() -> None:
    ports = [find_settings_class(name)().port for name in NAMES]
    assert len(set(ports)) == len(NAMES)

"""Times that must fit together are refused at start when they do not."""

import pytest

from services.notify.settings import NotifySettings
from shared.settings import SettingsError, load_settings


def test_rules_follow_the_settings() -> None:
    rules = NotifySettings(retries_max=3, claim_s=200, wechat_resend_s=100).rules
    assert (rules.retries_max, rules.claim_s, rules.wechat_resend_s) == (3, 200, 100)


@pytest.mark.parametrize(
    ("name", "value"),
    [("claim_s", "40"), ("wechat_resend_s", "500"), ("send_concurrency", "0")],
)
def test_value_that_would_break_a_promise_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GUANJIA_{name.upper()}", value)
    with pytest.raises(SettingsError, match=name.upper()):
        load_settings(NotifySettings)


ENDPOINTS = ("tencent_endpoint", "aliyun_endpoint", "wechat_endpoint")


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "url", ["http://sms.example", "sms.example", "ftp://127.0.0.1", "https://"]
)
def test_numbers_and_words_go_to_a_provider_by_https_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(f"GUANJIA_{name.upper()}", url)
    with pytest.raises(SettingsError, match=f"{name.upper()}.*\\n?.*https"):
        load_settings(NotifySettings)


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(
    "url", ["https://sms.example/", "http://127.0.0.1:9", "http://[::1]:9", ""]
)
def test_a_provider_on_this_machine_may_be_without_tls(name: str, url: str) -> None:
    assert getattr(NotifySettings.model_validate({name: url}), name) == url


def test_secrets_do_not_show() -> None:
    settings = NotifySettings.model_validate({"tencent_secret_key": "hush-hush"})
    assert "hush-hush" not in repr(settings)

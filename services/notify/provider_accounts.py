"""The providers as the settings name them: accounts, and under which id each knows a template."""

from collections.abc import Mapping

from services.notify.channels import CHANNELS
from services.notify.model import ProviderName
from services.notify.providers import AliyunSms, TencentSms, WeChatTemplate
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from services.notify.token_sharing import SharedToken
from services.notify.wordbook import WordBook
from services.notify.wordings import IdOf
from shared.clock import system_now
from shared.contracts.events import NoticeChannel
from shared.http import HttpClient
from shared.security import Keyring


def list_all_ids(
    settings: NotifySettings, words: WordBook
) -> Mapping[ProviderName, Mapping[str, str]]:
    """English ids of our own making are the simulators': a real provider has those of the settings
    and of the wordings alone, and where it has none the notice goes in Chinese."""
    rows: tuple[tuple[IdOf, str, Mapping[str, str], Mapping[str, str]], ...] = (
        ("tencent", settings.tencent_endpoint, list_template_ids("sms"), settings.sms_template_ids),
        ("aliyun", settings.aliyun_endpoint, list_aliyun_codes(), settings.aliyun_template_ids),
        (
            "wechat",
            settings.wechat_endpoint,
            list_template_ids("wechat"),
            settings.wechat_template_ids,
        ),
    )
    return {
        name: words.overlay(name, _keep_known(ids, bool(endpoint)) | dict(own))
        for name, endpoint, ids, own in rows
    }


def _keep_known(ids: Mapping[str, str], is_real: bool) -> dict[str, str]:
    return {
        name: id_ for name, id_ in ids.items() if not is_real or TEMPLATES[name].language == "zh"
    }


def build_tencent(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, ids: Mapping[str, str]
) -> TencentSms:
    return TencentSms(
        http,
        settings.tencent_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.tencent_secret_id,
        keyring.reveal_provider_secret(settings.tencent_secret_key, "tencent.secret_key"),
        settings.tencent_app_id,
        settings.sms_sign_name,
        ids,
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def build_aliyun(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, ids: Mapping[str, str]
) -> AliyunSms:
    return AliyunSms(
        http,
        settings.aliyun_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.aliyun_key_id,
        keyring.reveal_provider_secret(settings.aliyun_key_secret, "aliyun.key_secret"),
        settings.sms_sign_name,
        ids,
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def build_wechat(
    settings: NotifySettings,
    keyring: Keyring,
    http: HttpClient,
    ids: Mapping[str, str],
    token: SharedToken,
) -> WeChatTemplate:
    return WeChatTemplate(
        http,
        settings.wechat_endpoint or settings.simulators_url,
        settings.wechat_appid,
        keyring.reveal_provider_secret(settings.wechat_secret, "wechat.secret"),
        ids,
        subscriptions=settings.wechat_subscribe_ids,
        tokens=token,
        timeout_s=settings.provider_timeout_s,
    )


def list_template_ids(channel: NoticeChannel) -> dict[str, str]:
    """Template -> its id, as the simulators know it."""
    return {name: CHANNELS[channel].template_id(each) for name, each in TEMPLATES.items()}


def list_aliyun_codes() -> dict[str, str]:
    """Template -> its code, as the simulators know it."""
    return {name: each.aliyun_id for name, each in TEMPLATES.items()}

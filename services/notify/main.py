"""The composition root of notify: settings in, app out."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import FastAPI
from pydantic import SecretStr

from services.notify import api, history, store
from services.notify.channels import CHANNELS
from services.notify.contacts import ContactClient
from services.notify.digesting import send_digests
from services.notify.events import build_commands, build_events
from services.notify.jobs import send_notices
from services.notify.limits import list_problems
from services.notify.model import (
    Backlog,
    Dispatch,
    Mailbox,
    Notice,
    ProviderName,
    StaffMember,
)
from services.notify.pages import ROUTERS
from services.notify.providers import AliyunSms, PageSigner, TencentSms, WeChatTemplate
from services.notify.refusals import BlockedPhone, OptOut
from services.notify.resources import NotifyResources
from services.notify.settings import NotifySettings
from services.notify.spending import SmsBudget, SmsSpending
from services.notify.subscriptions import Subscription
from services.notify.templates import TEMPLATES
from services.notify.token_sharing import SharedToken
from services.notify.tokens import WeChatToken
from services.notify.traffic import Traffic
from services.notify.wordbook import WordBook
from services.notify.wordings import IdOf, Wording
from shared.clock import system_now
from shared.contracts.events import NoticeChannel
from shared.errors import Invalid
from shared.http import FetchingClient, HttpClient
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import load_settings


def create_app(settings: NotifySettings | None = None) -> FastAPI:
    settings = settings or load_settings(NotifySettings)
    return build_app(build_service(settings, Keyring(settings.secrets_dir)), settings)


def build_service(
    settings: NotifySettings,
    _keyring: Keyring,
) -> Service[NotifySettings, NotifyResources]:
    check_templates(settings.sms_sign_name)
    return Service(
        name="notify",
        states=(
            Notice,
            BlockedPhone,
            Dispatch,
            Mailbox,
            OptOut,
            StaffMember,
            Backlog,
            Traffic,
            WeChatToken,
            Subscription,
            SmsSpending,
            SmsBudget,
            Wording,
        ),
        events=build_events(settings.rules),
        commands=build_commands(settings.rules),
        routers=(api.router, history.router, *ROUTERS),
        build_resources=build_resources,
        jobs=(send_notices, send_digests),
        indexes=store.INDEXES,
    )


def build_resources(
    settings: NotifySettings, keyring: Keyring, http: FetchingClient
) -> NotifyResources:
    words = WordBook()
    token = SharedToken(settings.wechat_appid, keyring)
    ticket = SharedToken(f"{settings.wechat_appid}-jsapi", keyring)
    ids = list_all_ids(settings, words)
    wechat = _build_wechat(settings, keyring, http, ids["wechat"], token)
    return NotifyResources(
        providers={
            "tencent": _build_tencent(settings, keyring, http, ids["tencent"]),
            "aliyun": _build_aliyun(settings, keyring, http, ids["aliyun"]),
            "wechat": wechat,
        },
        contacts=ContactClient(http, settings.intake_url, settings.secrets_dir / "service.token"),
        keyring=keyring,
        addresses={
            "matching": settings.find_public_url("matching"),
            "intake": settings.find_public_url("intake"),
            "audit": settings.find_public_url("audit"),
        },
        pages=PageSigner(
            http,
            settings.wechat_endpoint or settings.simulators_url,
            settings.wechat_appid,
            wechat.token,
            system_now,
            tickets=ticket,
            timeout_s=settings.provider_timeout_s,
        ),
        ticket=ticket,
        numbers=settings.station_numbers,
        words=words,
        template_ids=ids,
        token=token,
        subscribe_ids=settings.wechat_subscribe_ids,
        sign_name=settings.sms_sign_name,
    )


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


def _build_tencent(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, ids: Mapping[str, str]
) -> TencentSms:
    return TencentSms(
        http,
        settings.tencent_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.tencent_secret_id,
        reveal_or_derive(settings.tencent_secret_key, keyring, "tencent.secret_key"),
        settings.tencent_app_id,
        settings.sms_sign_name,
        ids,
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def _build_aliyun(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, ids: Mapping[str, str]
) -> AliyunSms:
    return AliyunSms(
        http,
        settings.aliyun_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.aliyun_key_id,
        reveal_or_derive(settings.aliyun_key_secret, keyring, "aliyun.key_secret"),
        settings.sms_sign_name,
        ids,
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def _build_wechat(
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
        reveal_or_derive(settings.wechat_secret, keyring, "wechat.secret"),
        ids,
        subscriptions=settings.wechat_subscribe_ids,
        tokens=token,
        timeout_s=settings.provider_timeout_s,
    )


def check_templates(sign_name: str) -> None:
    """Before any is used. Raises Invalid with all that a provider would refuse."""
    problems = tuple(
        replace(problem, field=f"{name}.{problem.field}")
        for name, template in TEMPLATES.items()
        for problem in list_problems(template, sign_name)
    )
    if problems:
        raise Invalid(*problems)


def list_template_ids(channel: NoticeChannel) -> dict[str, str]:
    """Template -> its id, as the simulators know it."""
    return {name: CHANNELS[channel].template_id(each) for name, each in TEMPLATES.items()}


def list_aliyun_codes() -> dict[str, str]:
    """Template -> its code, as the simulators know it."""
    return {name: each.aliyun_id for name, each in TEMPLATES.items()}


def reveal_or_derive(secret: SecretStr, keyring: Keyring, purpose: str) -> str:
    """An account without a secret is a simulator's: both sides derive the same one."""
    return secret.get_secret_value() or keyring.derive_identity_key(purpose).hex()[:32]

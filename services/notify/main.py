"""The composition root of notify: settings in, app out."""

from dataclasses import replace

from fastapi import FastAPI
from pydantic import SecretStr

from services.notify import api, history, store
from services.notify.channels import CHANNELS
from services.notify.contacts import ContactClient
from services.notify.digesting import send_digests
from services.notify.events import build_command_handlers, build_event_handlers
from services.notify.jobs import send_notices
from services.notify.limits import list_problems
from services.notify.model import (
    Backlog,
    BlockedPhone,
    Dispatch,
    Mailbox,
    Notice,
    OptOut,
    StaffMember,
)
from services.notify.pages import ROUTERS
from services.notify.providers import AliyunSms, TencentSms, WeChatTemplate
from services.notify.resources import NotifyResources
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from services.notify.traffic import Traffic
from services.notify.wordbook import WordBook
from services.notify.wordings import Wording
from shared.clock import system_now
from shared.contracts.events import NoticeChannel
from shared.errors import Invalid
from shared.http import HttpClient
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
            Wording,
        ),
        events=build_event_handlers(settings.rules),
        commands=build_command_handlers(settings.rules),
        routers=(api.router, history.router, *ROUTERS),
        build_resources=build_resources,
        jobs=(send_notices, send_digests),
        indexes=store.INDEXES,
    )


def build_resources(
    settings: NotifySettings, keyring: Keyring, http: HttpClient
) -> NotifyResources:
    words = WordBook()
    return NotifyResources(
        providers={
            "tencent": _build_tencent(settings, keyring, http, words),
            "aliyun": _build_aliyun(settings, keyring, http, words),
            "wechat": _build_wechat(settings, keyring, http, words),
        },
        contacts=ContactClient(http, settings.intake_url, settings.secrets_dir / "service.token"),
        keyring=keyring,
        addresses={
            "matching": settings.find_public_url("matching"),
            "intake": settings.find_public_url("intake"),
            "audit": settings.find_public_url("audit"),
        },
        numbers=settings.station_numbers,
        words=words,
    )


def _build_tencent(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, words: WordBook
) -> TencentSms:
    return TencentSms(
        http,
        settings.tencent_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.tencent_secret_id,
        reveal_or_derive(settings.tencent_secret_key, keyring, "tencent.secret_key"),
        settings.tencent_app_id,
        settings.sms_sign_name,
        words.overlay("tencent", list_template_ids("sms") | dict(settings.sms_template_ids)),
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def _build_aliyun(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, words: WordBook
) -> AliyunSms:
    return AliyunSms(
        http,
        settings.aliyun_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.aliyun_key_id,
        reveal_or_derive(settings.aliyun_key_secret, keyring, "aliyun.key_secret"),
        settings.sms_sign_name,
        words.overlay("aliyun", list_aliyun_codes() | dict(settings.aliyun_template_ids)),
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def _build_wechat(
    settings: NotifySettings, keyring: Keyring, http: HttpClient, words: WordBook
) -> WeChatTemplate:
    return WeChatTemplate(
        http,
        settings.wechat_endpoint or settings.simulators_url,
        settings.wechat_appid,
        reveal_or_derive(settings.wechat_secret, keyring, "wechat.secret"),
        words.overlay("wechat", list_template_ids("wechat") | dict(settings.wechat_template_ids)),
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
    """Notice purpose -> template id, as the simulators know it."""
    return {name: CHANNELS[channel].template_id(each) for name, each in TEMPLATES.items()}


def list_aliyun_codes() -> dict[str, str]:
    """Notice purpose -> template code, as the simulators know it."""
    return {name: each.aliyun_id for name, each in TEMPLATES.items()}


def reveal_or_derive(secret: SecretStr, keyring: Keyring, purpose: str) -> str:
    """An account without a secret is a simulator's: both sides derive the same one."""
    return secret.get_secret_value() or keyring.derive_identity_key(purpose).hex()[:32]

"""The composition root of notify: settings in, app out."""

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from services.notify import api, store
from services.notify.contacts import Contacts
from services.notify.events import commands, events
from services.notify.jobs import send_notices
from services.notify.model import Dispatch, Notice, OptOut
from services.notify.outbound import Outbound
from services.notify.providers import TencentSms, WeChatTemplate
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from shared.clock import system_now
from shared.security import Keyring
from shared.service import Service, build_app
from shared.settings import Settings, load_settings


def create_app(settings: NotifySettings | None = None) -> FastAPI:
    settings = settings or load_settings(NotifySettings)
    return build_app(service(settings), settings)


def service(settings: NotifySettings) -> Service:
    return Service(
        name="notify",
        states=(Notice, Dispatch, OptOut),
        events=events(settings.rules),
        commands=commands(settings.rules),
        routers=(api.router,),
        jobs=(send_notices,),
        indexes=store.INDEXES,
        extras=outbound,
    )


def outbound(settings: Settings, keyring: Keyring, http: httpx.AsyncClient) -> Outbound:
    assert isinstance(settings, NotifySettings)
    return Outbound(
        providers={
            "sms": _tencent(settings, keyring, http),
            "wechat": _wechat(settings, keyring, http),
        },
        contacts=Contacts(http, settings.intake_url, settings.secrets_dir / "service.token"),
        keyring=keyring,
        addresses={
            "matching": settings.matching_url,
            "intake": settings.intake_url,
            "audit": settings.audit_url,
        },
    )


def _tencent(settings: NotifySettings, keyring: Keyring, http: httpx.AsyncClient) -> TencentSms:
    return TencentSms(
        http,
        settings.tencent_endpoint or f"{settings.simulators_url.rstrip('/')}/",
        settings.tencent_secret_id,
        secret_or_derived(settings.tencent_secret_key, keyring, "tencent.secret_key"),
        settings.tencent_app_id,
        settings.sms_sign_name,
        {name: t.sms_id for name, t in TEMPLATES.items()} | dict(settings.sms_template_ids),
        system_now,
        timeout_s=settings.provider_timeout_s,
    )


def _wechat(settings: NotifySettings, keyring: Keyring, http: httpx.AsyncClient) -> WeChatTemplate:
    return WeChatTemplate(
        http,
        settings.wechat_endpoint or settings.simulators_url,
        settings.wechat_appid,
        secret_or_derived(settings.wechat_secret, keyring, "wechat.secret"),
        {name: t.wechat_id for name, t in TEMPLATES.items()} | dict(settings.wechat_template_ids),
        timeout_s=settings.provider_timeout_s,
    )


def secret_or_derived(secret: SecretStr, keyring: Keyring, purpose: str) -> str:
    """Without one of its own, an account is a simulator's: both sides derive the same secret."""
    return secret.get_secret_value() or keyring.derived(purpose).hex()[:32]

"""The composition root of notify: settings in, app out."""

from fastapi import FastAPI

from services.notify import api, history, store
from services.notify.contacts import ContactClient
from services.notify.digesting import send_digests
from services.notify.events import build_commands, build_events
from services.notify.jobs import send_notices
from services.notify.limits import check_templates
from services.notify.model import Backlog, Dispatch, Mailbox, Notice, StaffMember
from services.notify.pages import ROUTERS
from services.notify.provider_accounts import (
    build_aliyun,
    build_tencent,
    build_wechat,
    list_all_ids,
)
from services.notify.providers import PageSigner
from services.notify.refusals import BlockedPhone, OptOut
from services.notify.registers import CallRegister
from services.notify.resources import NotifyResources
from services.notify.settings import NotifySettings
from services.notify.spending import SmsBudget, SmsSpending
from services.notify.subscriptions import Subscription
from services.notify.token_sharing import SharedToken
from services.notify.tokens import WeChatToken
from services.notify.traffic import Traffic
from services.notify.wordbook import WordBook
from services.notify.wordings import Wording
from shared.clock import system_now
from shared.http import FetchingClient
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
            CallRegister,
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
        retired_indexes=store.RETIRED_INDEXES,
    )


def build_resources(
    settings: NotifySettings, keyring: Keyring, http: FetchingClient
) -> NotifyResources:
    words = WordBook()
    token = SharedToken(settings.wechat_appid, keyring)
    ticket = SharedToken(f"{settings.wechat_appid}-jsapi", keyring)
    ids = list_all_ids(settings, words)
    wechat = build_wechat(settings, keyring, http, ids["wechat"], token)
    return NotifyResources(
        providers={
            "tencent": build_tencent(settings, keyring, http, ids["tencent"]),
            "aliyun": build_aliyun(settings, keyring, http, ids["aliyun"]),
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

"""Tells people: one HTTP call for the number, one for the message, for each notice."""

from collections.abc import Mapping
from pathlib import Path

import httpx
from fastapi import APIRouter

from services.notify.channels import SMS, Content
from services.notify.providers import TencentSms
from services.notify.providers.protocol import Message
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from shared.clock import system_now
from shared.contracts import topics
from shared.http import TIMEOUT_S, Reply
from shared.security import Keyring
from tests.bench.plan import Plan
from tests.bench.tutorial.messages import (
    Event,
    Here,
    LedgerEvent,
    MatchEvent,
    NoticeEvent,
    ReceiptReported,
    RequestEvent,
)


def build(here: Here) -> APIRouter:
    notices, dispatches = here.database["notices"], here.database["dispatches"]
    http = httpx.AsyncClient(timeout=10)
    sms = _sms(here.plan, http)

    @here.on(topics.REQUESTS)
    async def on_request(event: RequestEvent) -> None:
        if event.type == "opened":
            await tell(event, "request_opened", event.person_id, event.request_id)

    @here.on(topics.MATCHES)
    async def on_match(event: MatchEvent) -> None:
        if event.type == "proposed":
            await tell(event, "match_proposed", event.donor_id, event.request_id)
        elif event.type in ("committed", "delivered"):
            await tell(event, f"match_{event.type}", event.person_id, event.request_id)

    @here.on(topics.LEDGER)
    async def on_ledger(event: LedgerEvent) -> None:
        if event.type == "disbursed":
            await tell(event, "ledger_disbursed", event.donor_id, event.request_id)

    @here.on(topics.RECEIPTS)
    async def on_receipt(event: ReceiptReported) -> None:
        dispatch = await dispatches.find_one({"_id": event.provider_message_id})
        notice = await notices.find_one({"_id": dispatch["notice_id"]})
        await notices.update_one({"_id": notice["_id"]}, {"$set": {"state": "delivered"}})
        await publish("delivered", notice)

    async def tell(event: Event, purpose: str, person_id: str, request_id: str) -> None:
        notice = {
            "_id": event.id,
            "purpose": purpose,
            "person_id": person_id,
            "request_id": request_id,
            "state": "due",
        }
        await notices.insert_one(notice)
        contact = await http.get(f"{here.plan.intake_url}/contacts/{person_id}")
        parameters = SMS.format_parameters(Content(TEMPLATES[purpose], request_id))
        message = Message(event.id, contact.json()["phone"], purpose, parameters)
        outcome = await sms.send(message)
        assert outcome.provider_message_id is not None, outcome
        await dispatches.insert_one({"_id": outcome.provider_message_id, "notice_id": event.id})
        await notices.update_one({"_id": event.id}, {"$set": {"state": "sent"}})
        await publish("sent", notice)

    async def publish(type_: str, notice: dict[str, str]) -> None:
        event = NoticeEvent(
            type=type_,
            notice_id=notice["_id"],
            request_id=notice["request_id"],
            person_id=notice["person_id"],
            purpose=notice["purpose"],
        )
        await here.publish(event, topics.NOTIFICATIONS, event.request_id)

    return APIRouter()


class HttpxClient:
    """The client that tutorials take, as our adapter wants one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Reply:
        answer = await self._http.post(
            url, content=body, headers=headers, params=params, timeout=timeout_s
        )
        return Reply(answer.status_code, answer.headers, answer.content)


def _sms(plan: Plan, http: httpx.AsyncClient) -> TencentSms:
    settings = NotifySettings(secrets_dir=Path(plan.secrets_dir))
    keyring = Keyring(settings.secrets_dir)
    return TencentSms(
        HttpxClient(http),
        f"{plan.simulators_url}/",
        settings.tencent_secret_id,
        keyring.reveal_provider_secret(settings.tencent_secret_key, "tencent.secret_key"),
        settings.tencent_app_id,
        settings.sms_sign_name,
        {name: template.sms_id for name, template in TEMPLATES.items()},
        system_now,
    )

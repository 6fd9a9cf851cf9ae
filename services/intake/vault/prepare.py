"""From what came in to what is decided: checked, named and sealed, before anything is stored."""

from dataclasses import replace
from typing import Any

from services.intake.model import RegisterParty, SealedParty, SealedRequest
from services.intake.rules import Rules, problems_of
from services.intake.vault.persons import handle_id, person_id, seal_contact, seal_openid
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Event
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Area
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Command

NOWHERE = Area(town_code="0" * 9)


def request_id(source: str, message_id: str) -> str:
    """The same message of a channel is the same request, whichever way it comes."""
    return derived_id("R", source, message_id)


def prepare_request(vault: Vault, rules: Rules, item: Any) -> Any:
    """An event or command of `RequestSubmitted` as one of `SealedRequest`. Raises Invalid."""
    problems = problems_of(rules, item.data)
    if problems:
        raise Invalid(*problems)
    if isinstance(item, Event):
        sealed = seal_request(vault, item.source, item.id, item.data)
        return item.model_copy(update={"data": sealed})
    source, _, message_id = item.key.partition("|")
    return replace(item, data=seal_request(vault, source, message_id, item.data))


def seal_request(
    vault: Vault, source: str, message_id: str, asked: RequestSubmitted
) -> SealedRequest:
    who, id_ = asked.applicant, request_id(source, message_id)
    return SealedRequest(
        request_id=id_,
        source=source,
        content=vault.digest(asked.model_dump_json().encode()),
        person_id=person_id(vault, who.name, who.phone, who.wechat_openid, asked.area),
        handle_id=handle_id(vault, who.wechat_openid),
        has_phone=who.phone is not None,
        fingerprint=vault.name("F", asked.category, asked.need.unit, asked.need.item.strip()),
        kind=asked.kind,
        category=asked.category,
        beneficiary_class=asked.beneficiary_class,
        channel=asked.channel,
        need=asked.need,
        area=asked.area,
        collector_id=asked.collector_id,
        contact=seal_contact(vault, who.name, who.phone),
        openid=seal_openid(vault, who.wechat_openid),
        text=vault.seal(id_, asked.text.encode()) if asked.text else None,
    )


def prepare_party(vault: Vault, item: Command[Any]) -> Command[Any]:
    party: RegisterParty = item.data
    sealed = SealedParty(
        person_id=person_id(vault, party.name, party.phone, party.wechat_openid, NOWHERE),
        handle_id=handle_id(vault, party.wechat_openid),
        has_phone=party.phone is not None,
        contact=seal_contact(vault, party.name, party.phone),
        openid=seal_openid(vault, party.wechat_openid),
    )
    return replace(item, data=sealed)

"""From what came in to what is decided: checked, named and sealed, before anything is stored."""

from dataclasses import replace
from typing import Any

from services.intake.model import RegisterParty, SealedParty, SealedRequest, StaffRequest
from services.intake.rules import Rules, find_problems
from services.intake.vault.persons import (
    derive_contact_ids,
    derive_handle_id,
    derive_household_id,
    derive_name_id,
    derive_person_id,
    seal_contact,
    seal_openid,
)
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Event
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Area
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Command

NOWHERE = Area(town_code="0" * 9)


def derive_request_id(source: str, message_id: str) -> str:
    """The same message of a channel is the same request, whichever way it comes."""
    return derived_id("R", source, message_id)


def prepare_request(vault: Vault, rules: Rules, item: Any) -> Any:
    """An event or command of `RequestSubmitted`, or a command of `StaffRequest`, as one of
    `SealedRequest`. Raises Invalid."""
    staff = item.data if isinstance(item.data, StaffRequest) else None
    request: RequestSubmitted = staff.request if staff else item.data
    problems = find_problems(rules, request)
    if problems:
        raise Invalid(*problems)
    if isinstance(item, Event):
        sealed = seal_request(vault, item.source, item.id, request)
        return item.model_copy(update={"data": sealed})
    source, _, message_id = item.key.partition("|")
    sealed = seal_request(vault, source, message_id, request)
    if staff:
        recording = {"recorded_by": staff.recorded_by, "met": staff.met}
        sealed = sealed.model_copy(update=recording)
    return replace(item, data=sealed)


def seal_request(
    vault: Vault, source: str, message_id: str, request: RequestSubmitted
) -> SealedRequest:
    applicant, id_ = request.applicant, derive_request_id(source, message_id)
    return SealedRequest(
        request_id=id_,
        source=source,
        content=vault.digest(request.model_dump_json().encode()),
        person_id=derive_person_id(
            vault, applicant.name, applicant.phone, applicant.wechat_openid, request.area
        ),
        handle_id=derive_handle_id(vault, applicant.wechat_openid),
        has_phone=applicant.phone is not None,
        fingerprint=vault.derive_id(
            "F", request.category, request.need.unit, request.need.item.strip()
        ),
        kind=request.kind,
        category=request.category,
        beneficiary_class=request.beneficiary_class,
        channel=request.channel,
        need=request.need,
        area=request.area,
        collector_id=request.collector_id,
        contact=seal_contact(vault, applicant.name, applicant.phone),
        openid=seal_openid(vault, applicant.wechat_openid),
        text=vault.seal(id_, request.text.encode()) if request.text else None,
        name_id=derive_name_id(vault, applicant.name),
        contact_ids=derive_contact_ids(vault, applicant.phone, applicant.wechat_openid),
        household_id=derive_household_id(vault, applicant.household, request.area),
    )


def prepare_party(vault: Vault, item: Command[Any]) -> Command[Any]:
    party: RegisterParty = item.data
    sealed = SealedParty(
        person_id=derive_person_id(vault, party.name, party.phone, party.wechat_openid, NOWHERE),
        handle_id=derive_handle_id(vault, party.wechat_openid),
        has_phone=party.phone is not None,
        contact=seal_contact(vault, party.name, party.phone),
        openid=seal_openid(vault, party.wechat_openid),
    )
    return replace(item, data=sealed)

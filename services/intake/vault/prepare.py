"""From what came in to what is decided: checked, named and sealed, before anything is stored."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.intake.channels.text import NAMELESS
from services.intake.model import (
    SMS_SOURCE,
    WECHAT_SOURCE,
    BindOpenid,
    RegisterParty,
    Sealed,
    SealedParty,
    SealedRequest,
    Speaker,
    StaffRequest,
)
from services.intake.rules import Rules, find_problems
from services.intake.vault.persons import (
    derive_contact_ids,
    derive_handle_id,
    derive_household_id,
    derive_name_id,
    derive_person_id,
    derive_person_id_of_phone,
    seal_openid,
    seal_registration,
)
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Event
from shared.contracts.events import RequestSubmitted
from shared.contracts.values import Area
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Command
from shared.security import STAFF, Credential, Role

NOWHERE = Area(town_code="0" * 9)


def derive_request_id(source: str, message_id: str) -> str:
    """The same message of a channel is the same request, whichever way it comes."""
    return derived_id("R", source, message_id)


FindCredential = Callable[[str], Credential | None]
"""Whose a source is, as far as the register of credentials knows."""


def find_speaker(source: str, find_credential: FindCredential) -> Speaker:
    """Who says something, and what his word is worth. Nobody known is a third party."""
    if source in (WECHAT_SOURCE, SMS_SOURCE):
        return Speaker(source=source, kind="own")
    credential = find_credential(source)
    roles = credential.roles if credential else frozenset()
    if credential and roles & STAFF and Role.DONOR_PARTNER not in roles:
        return Speaker(source=source, kind="staff", area=credential.area)
    return Speaker(source=source, kind="partner" if Role.DONOR_PARTNER in roles else "channel")


def prepare_request(vault: Vault, rules: Rules, find_credential: FindCredential, item: Any) -> Any:
    """An event or command of `RequestSubmitted`, or a command of `StaffRequest`, as one of
    `SealedRequest`. Raises Invalid."""
    staff = item.data if isinstance(item.data, StaffRequest) else None
    request: RequestSubmitted = staff.request if staff else item.data
    problems = find_problems(rules, request)
    if problems:
        raise Invalid(*problems)
    if isinstance(item, Event):
        speaker = find_speaker(item.source, find_credential)
        sealed = seal_request(vault, speaker, item.id, request)
        return item.model_copy(update={"data": sealed})
    source, _, message_id = item.key.partition("|")
    sealed = seal_request(vault, find_speaker(source, find_credential), message_id, request)
    if staff:
        recording = {"recorded_by": staff.recorded_by, "met": staff.met}
        sealed = sealed.model_copy(update=recording)
    return replace(item, data=sealed)


def seal_request(
    vault: Vault, speaker: Speaker, message_id: str, request: RequestSubmitted
) -> SealedRequest:
    applicant, id_ = request.applicant, derive_request_id(speaker.source, message_id)
    openid = applicant.wechat_openid
    contact, contact_key = seal_registration(
        vault, speaker, applicant.name, applicant.phone, openid
    )
    return SealedRequest(
        request_id=id_,
        source=speaker.source,
        content=vault.digest(request.model_dump_json().encode()),
        person_id=derive_person_id(vault, applicant.name, applicant.phone, openid, request.area),
        handle_id=derive_handle_id(vault, openid),
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
        contact=contact,
        contact_key=contact_key,
        openid=seal_openid(vault, openid) if openid and speaker.source == WECHAT_SOURCE else None,
        text=vault.seal(id_, request.text.encode()) if request.text else None,
        name_id=derive_name_id(vault, applicant.name),
        contact_ids=derive_contact_ids(vault, applicant.phone, openid),
        household_id=derive_household_id(vault, applicant.household, request.area),
    )


def prepare_party(
    vault: Vault, find_credential: FindCredential, item: Command[Any]
) -> Command[Any]:
    party: RegisterParty = item.data
    speaker = find_speaker(item.key.partition("|")[0], find_credential)
    contact, contact_key = seal_registration(
        vault, speaker, party.name, party.phone, party.wechat_openid
    )
    sealed = SealedParty(
        person_id=derive_person_id(vault, party.name, party.phone, party.wechat_openid, NOWHERE),
        has_phone=party.phone is not None,
        contact=contact,
        contact_key=contact_key,
    )
    return replace(item, data=sealed)


def make_binding(vault: Vault, phone: str, openid: Sealed, handle_id: str) -> BindOpenid:
    """He says no name by it."""
    speaker = Speaker(source=SMS_SOURCE, kind="own")
    contact, contact_key = seal_registration(vault, speaker, NAMELESS, phone, None)
    party = SealedParty(
        person_id=derive_person_id_of_phone(vault, phone),
        has_phone=True,
        contact=contact,
        contact_key=contact_key,
    )
    return BindOpenid(phone=party, handle_id=handle_id, openid=openid)

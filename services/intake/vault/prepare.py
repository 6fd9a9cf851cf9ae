"""From what came in to what is decided: checked, named and sealed, before anything is stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from services.intake.channels.danger import find_danger
from services.intake.channels.text import NAMELESS
from services.intake.model import (
    FORMER_PHONE,
    OUTSIDE,
    OWN_SOURCES,
    SMS_SOURCE,
    WECHAT_SOURCE,
    AskOnPage,
    BindOpenid,
    CorrectPerson,
    CorrectRequest,
    Naming,
    Person,
    RegisterParty,
    Sealed,
    SealedCorrection,
    SealedParty,
    SealedRequest,
    SealedRowCorrection,
    Speaker,
    StaffRequest,
)
from services.intake.rules import Rules, find_problems
from services.intake.store import SearchKeys
from services.intake.vault.likeness import derive_likeness
from services.intake.vault.needs import hide_written_words
from services.intake.vault.persons import (
    derive_contact_ids,
    derive_earlier_person_id,
    derive_household_id,
    derive_identity_id,
    derive_name_id,
    derive_person_id,
    derive_point_id,
    fold_name,
    list_said,
    open_contact,
    seal_openid,
    seal_registration,
)
from services.intake.vault.sealing import Vault
from shared.contracts.envelope import Event
from shared.contracts.events import Applicant, RequestSubmitted
from shared.errors import Invalid
from shared.id_numbers import find_child_until, find_id_problem
from shared.ids import make_id
from shared.messaging.decision import Command
from shared.security import STAFF, Credential, Role

NOWHERE = "0" * 9
"""In the place of a town."""


def derive_request_id(source: str, message_id: str) -> str:
    """The same message of a channel is the same request, whichever way it comes."""
    return make_id("R", source, message_id)


FindCredential = Callable[[str], Credential | None]
"""Whose a source is, as far as the register of credentials knows."""


def find_speaker(source: str, find_credential: FindCredential) -> Speaker:
    """Who says something, and what his word is worth. Nobody known is a third party."""
    if source in OWN_SOURCES:
        return Speaker(source=source, kind="own")
    credential = find_credential(source)
    roles = credential.roles if credential else frozenset()
    if credential and roles & STAFF and Role.DONOR_PARTNER not in roles:
        return Speaker(source=source, kind="staff", area=credential.area, holder=credential.holder)
    return Speaker(source=source, kind="partner" if Role.DONOR_PARTNER in roles else "channel")


def prepare_request(vault: Vault, rules: Rules, find_credential: FindCredential, item: Any) -> Any:
    """An event or command of `RequestSubmitted`, or a command of `StaffRequest` or `AskOnPage`, as
    one of `SealedRequest`. Raises Invalid."""
    staff = item.data if isinstance(item.data, StaffRequest) else None
    typed = item.data if isinstance(item.data, AskOnPage) else None
    brought = staff or typed
    request: RequestSubmitted = brought.request if brought else item.data
    problems = find_problems(rules, request)
    if problems:
        raise Invalid(*problems)
    if isinstance(item, Event):
        speaker = find_speaker(item.source, find_credential)
        sealed = seal_request(vault, speaker, item.id, request)
        sealed = hide_written_words(vault, rules.catalogue, request, sealed)
        return item.model_copy(update={"data": sealed})
    source, _, message_id = item.key.partition("|")
    sealed = seal_request(vault, find_speaker(source, find_credential), message_id, request)
    sealed = hide_written_words(vault, rules.catalogue, request, sealed)
    if staff:
        urgent = staff.urgent or (sealed.urgent and not staff.classified)
        recording = {
            "recorded_by": staff.recorded_by,
            "met": staff.met,
            "quiet": staff.quiet,
            "classified": staff.classified,
            "danger": sealed.danger and urgent,
            "urgent": urgent,
        }
        sealed = sealed.model_copy(update=recording)
    if typed:
        sealed = sealed.model_copy(update={"quiet": typed.quiet})
    return replace(item, data=sealed)


def prepare_correction(
    vault: Vault, rules: Rules, find_credential: FindCredential, item: Command[CorrectRequest]
) -> Command[SealedRowCorrection]:
    """Raises Invalid."""
    request = item.data
    inner = item.with_data(request.request)
    sealed = prepare_request(vault, rules, find_credential, inner).data
    data = SealedRowCorrection(corrects=request.corrects, sealed=sealed)
    return item.with_data(data)


def seal_request(
    vault: Vault, speaker: Speaker, message_id: str, request: RequestSubmitted
) -> SealedRequest:
    applicant, id_ = request.applicant, derive_request_id(speaker.source, message_id)
    openid = applicant.wechat_openid
    contact, contact_key = seal_registration(
        vault, speaker, applicant.name, applicant.phone, openid, applicant.id_number
    )
    place = request.area.village_code or request.area.town_code
    likeness = derive_likeness(vault, request.text)
    return SealedRequest(
        request_id=id_,
        source=speaker.source,
        content=vault.digest(request.model_dump_json().encode()),
        naming=_make_naming(
            vault, speaker, applicant, place, ("message", speaker.source, message_id)
        ),
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
        contact_ids=derive_contact_ids(vault, applicant.phone, openid),
        household_id=derive_household_id(vault, applicant.household, request.area),
        bands=likeness.bands,
        marks=likeness.marks,
        place_id=vault.derive_id("N", "place", place, fold_name(applicant.name)),
        child_until=find_child_until(applicant.id_number, applicant.born_on),
        danger=(danger := _names_danger(request)),
        urgent=danger,
    )


def _names_danger(request: RequestSubmitted) -> bool:
    """In a sheet the words may stand where the item is asked for."""
    return bool(find_danger(f"{request.text}\n{request.need.item}"))


def _make_naming(
    vault: Vault,
    speaker: Speaker,
    named: Applicant | RegisterParty,
    place: str,
    otherwise: Sequence[str],
) -> Naming:
    """An account that a third party names beside a phone is not known to be the same person's."""
    name, phone, openid = named.name, named.phone, named.wechat_openid
    identity_id = derive_identity_id(vault, named.id_number)
    is_reached_there = not phone or speaker.source == WECHAT_SOURCE
    points = (
        derive_point_id(vault, phone=phone),
        derive_point_id(vault, openid=openid) if is_reached_there else "",
    )
    alone = ("identity", identity_id) if identity_id else tuple(otherwise)
    return Naming(
        person_id=derive_person_id(vault, name, phone, openid, *alone),
        earlier_id=derive_earlier_person_id(vault, name, phone, openid, place),
        name_id=derive_name_id(vault, name),
        is_named=name != NAMELESS,
        point_ids=tuple(point for point in points if point),
        identity_id=identity_id,
        other_person_id=derive_person_id(vault, name, None, None, *alone, phone or openid or ""),
        whose=named.contact_of or ("own" if speaker.kind == "own" else "unsaid"),
    )


def prepare_party(
    vault: Vault, find_credential: FindCredential, item: Command[RegisterParty]
) -> Command[SealedParty]:
    """Raises Invalid."""
    speaker = find_speaker(item.key.partition("|")[0], find_credential)
    return item.with_data(seal_party(vault, speaker, item.data))


def seal_party(
    vault: Vault, speaker: Speaker, party: RegisterParty, reason: str = ""
) -> SealedParty:
    """reason: of a correction. Raises Invalid."""
    if party.id_number and (message := find_id_problem(party.id_number)):
        raise message.invalid("id_number")
    fields = (party.name, party.phone, party.wechat_openid, party.id_number)
    contact, contact_key = seal_registration(vault, speaker, *fields, reason)
    return SealedParty(
        naming=_make_naming(vault, speaker, party, NOWHERE, _list_party_marks(speaker)),
        has_phone=party.phone is not None,
        contact=contact,
        contact_key=contact_key,
    )


def seal_correction(
    vault: Vault, speaker: Speaker, person: Person, correction: CorrectPerson
) -> SealedCorrection:
    """Over what is known of him. Raises Invalid."""
    contact = open_contact(vault, person)
    party = RegisterParty(
        name=correction.name or contact.name or NAMELESS,
        phone=correction.phone or contact.phone,
        id_number=correction.id_number or contact.id_number,
        contact_of=correction.contact_of,
    )
    sealed = seal_party(vault, speaker, party, correction.reason)
    phones = {each["phone"] for _, each in list_said(vault, person) if each.get("phone")}
    former = contact.phone if contact.phone != party.phone else None
    return SealedCorrection(
        person_id=person.id,
        area=speaker.area,
        party=sealed,
        wrong_point_ids=tuple(
            derive_point_id(vault, phone=phone) for phone in sorted(phones) if phone != party.phone
        ),
        names_phone=correction.phone is not None,
        former=vault.seal(FORMER_PHONE, former.encode()) if former else None,
        former_point_id=derive_point_id(vault, phone=former),
    )


def make_search_keys(
    vault: Vault,
    phone: str | None = None,
    name: str | None = None,
    id_number: str | None = None,
    openid: str | None = None,
) -> SearchKeys:
    """For `store.search_persons`."""
    points = (derive_point_id(vault, phone=phone), derive_point_id(vault, openid=openid))
    earlier = derive_earlier_person_id(vault, "", phone, openid, "") if phone or openid else ""
    return SearchKeys(
        point_ids=tuple(filter(None, points)),
        person_ids=tuple(filter(None, [earlier])),
        name_ids=(derive_name_id(vault, name),) if name else (),
        identity_id=derive_identity_id(vault, id_number),
    )


def _list_party_marks(speaker: Speaker) -> tuple[str, ...]:
    """Who brings a name alone: we know one list of them, each third party his own."""
    return ("party", speaker.source) if speaker.kind in OUTSIDE else ("party",)


def make_binding(vault: Vault, phone: str, openid: Sealed, point_id: str) -> BindOpenid:
    """He says no name by it."""
    speaker = Speaker(source=SMS_SOURCE, kind="own")
    party = seal_party(vault, speaker, RegisterParty(name=NAMELESS, phone=phone))
    return BindOpenid(phone=party, point_id=point_id, openid=openid)

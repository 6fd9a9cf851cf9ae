"""Persons: who is meant, what the vault holds of them, their open requests and deliveries."""

from dataclasses import replace
from datetime import datetime

from services.intake.messages import PERSON_ELSEWHERE, PERSON_UNKNOWN
from services.intake.model import (
    CORRECTING,
    OPENID,
    BindOpenid,
    ErasePerson,
    ForgetOpenid,
    Handle,
    Person,
    Registration,
    Request,
    RevokePersonLinks,
    Sealed,
    SealedParty,
    SealedRequest,
    Speaker,
    Unfinished,
)
from shared.contracts.events import PersonErased, PersonLinksRevoked
from shared.contracts.values import Area
from shared.messaging.decision import Answer, AnyRef, Command, Decision, Ref, States
from shared.revocations import LinkRevocation, revoke
from shared.towns import is_city_wide

# --- who is meant -----------------------------------------------------------------------------


def list_refs(named: SealedRequest) -> tuple[AnyRef, ...]:
    """What can be loaded before it is known who is meant."""
    person = Ref(Person, named.person_id)
    return (person, Ref(Handle, named.handle_id)) if named.openid else (person,)


def find_person_id(states: States, named: SealedRequest) -> str:
    """Whom the openid leads to where its owner writes; else whom the phone or openid itself names.

    A third party that names an openid is not led to its person: it would learn whose it is.
    """
    states.prefetch(*list_refs(named))
    if named.has_phone or not named.openid:
        return named.person_id
    handle = states.get(Handle, named.handle_id)
    return handle.person_id if handle and handle.verified else named.person_id


def update_named(
    states: States, named: SealedRequest, person_id: str
) -> tuple[Person, tuple[Handle, ...]]:
    """The person as named now, and the handle that leads there."""
    person = states.get(Person, person_id) or Person(id=person_id)
    area = find_area(states, person)
    registration = _weigh(named.contact, area)
    person = with_registration(person, registration, named.contact_key, has_phone=named.has_phone)
    person = person.model_copy(update={"area": _choose_area(area, registration, named.area)})
    if named.openid is None:
        return person, ()
    handle = Handle(id=named.handle_id, person_id=person_id, verified=True)
    return with_own_openid(person, named.openid), (handle,)


def _weigh(registration: Registration, area: str) -> Registration:
    """Staff of another town say what they say as any third party."""
    speaker = registration.speaker
    if speaker.kind != "staff" or not area or area.startswith(speaker.area):
        return registration
    speaker = speaker.model_copy(update={"kind": "channel"})
    return registration.model_copy(update={"speaker": speaker})


def _choose_area(area: str, registration: Registration, stated: Area) -> str:
    """The first that is known; the person moves by his own word and by staff who see both."""
    code = "" if is_city_wide(stated.town_code) else stated.village_code or stated.town_code
    return code if code and (not area or registration.kind in CORRECTING) else area


def find_area(states: States, person: Person) -> str:
    """Who knows the person; where it was not written down, whoever recorded the first request."""
    if person.area:
        return person.area
    ids = {entry.request_id for entry in person.unfinished.values()}
    ids |= {record for record in person.keys if record.startswith("R-")}
    requests = states.get_many(Request, sorted(ids)).values()
    placed = [request for request in requests if not is_city_wide(request.area.town_code)]
    first = min(placed, key=lambda request: request.recorded_at, default=None)
    return "" if first is None else first.area.village_code or first.area.town_code


def _find_registered_area(states: States, person: Person, speaker: Speaker) -> str:
    """Only for staff with an area is it looked up: nobody else learns by it who is known."""
    return find_area(states, person) or speaker.area if speaker.area else person.area


def may_name(states: States, person: Person, registration: Registration) -> bool:
    """Whether it may stand beside what is said already. Others' word is never replaced by it.

    Staff of one town correct nothing about a person of another, nor where the whole city's staff,
    or the person, said it.
    """
    speaker = registration.speaker
    if speaker.kind != "staff" or not speaker.area:
        return True
    foremost = person.foremost
    if foremost is None or foremost.name_id == registration.name_id:
        return True
    if area := find_area(states, person):
        return area.startswith(speaker.area)
    is_own = foremost.speaker.source == speaker.source
    return is_own or foremost.kind in ("channel", "partner")


# --- what the vault holds ---------------------------------------------------------------------


def with_registration(
    person: Person, registration: Registration, key: bytes, *, has_phone: bool
) -> Person:
    """Beside what others say: only the same source's own earlier word is replaced.

    A third party's keeps its place, since of theirs the first counts.
    """
    registrations = [s for s in person.registrations if s.record != registration.record]
    place = len(registrations)
    if registration.kind not in CORRECTING and len(registrations) < len(person.registrations):
        place = [s.record for s in person.registrations].index(registration.record)
    registrations.insert(place, registration)
    return person.model_copy(
        update={
            "registrations": tuple(registrations),
            "keys": {**person.keys, registration.record: key},
            "has_phone": person.has_phone or has_phone,
            "erased": False,
        }
    )


def with_own_openid(person: Person, openid: Sealed) -> Person:
    """He wrote from it."""
    keys = {**person.keys, OPENID: openid.key}
    return person.model_copy(
        update={"openid": openid.cipher, "keys": keys, "openid_verified": True}
    )


def _without_keys(person: Person) -> Person:
    """Every key goes, so every text and contact is noise; ids and open business stay."""
    return person.model_copy(
        update={
            "contact": None,
            "registrations": (),
            "openid": None,
            "openid_verified": False,
            "keys": {},
            "has_phone": False,
            "erased": True,
            "standings": {},
        }
    )


# --- open requests and deliveries -------------------------------------------------------------


def with_request(person: Person, request: Request, text: Sealed | None) -> Person:
    """The request is unfinished now, and its text can be read."""
    unfinished = person.unfinished
    if request.duplicate_of is None:
        entry = Unfinished(request_id=request.id, recorded_at=request.recorded_at)
        unfinished = {**unfinished, request.fingerprint: entry}
    keys = {**person.keys, request.id: text.key} if text else person.keys
    return person.model_copy(update={"unfinished": unfinished, "keys": keys})


def with_unfinished(person: Person, request: Request) -> Person:
    """The request is unfinished again, unless another like it took its place meanwhile."""
    if request.fingerprint in person.unfinished:
        return person
    entry = Unfinished(request_id=request.id, recorded_at=request.recorded_at)
    unfinished = {**person.unfinished, request.fingerprint: entry}
    return person.model_copy(update={"unfinished": unfinished})


def without_unfinished(person: Person, request: Request) -> Person:
    entry = person.unfinished.get(request.fingerprint)
    if entry is None or entry.request_id != request.id:
        return person
    unfinished = {k: v for k, v in person.unfinished.items() if k != request.fingerprint}
    return person.model_copy(update={"unfinished": unfinished})


def with_awaited(person: Person, match_id: str) -> Person:
    """This delivery waits for the person's word."""
    if match_id in person.awaiting:
        return person
    return person.model_copy(update={"awaiting": (*person.awaiting, match_id)})


def without_awaited(person: Person, match_id: str) -> Person:
    """Nor is the match remembered as arrived."""
    awaiting = tuple(id_ for id_ in person.awaiting if id_ != match_id)
    arrived = "" if person.arrived == match_id else person.arrived
    return person.model_copy(update={"awaiting": awaiting, "arrived": arrived})


def with_arrived(person: Person, match_id: str) -> Person:
    return without_awaited(person, match_id).model_copy(update={"arrived": match_id})


# --- commands ---------------------------------------------------------------------------------


def decide_register_party(states: States, item: Command[SealedParty], _now: datetime) -> Decision:
    """The same answer whether the person was known or not."""
    party = item.data
    person = states.get(Person, party.person_id) or Person(id=party.person_id)
    if not may_name(states, person, party.contact):
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "name"))
    area = _find_registered_area(states, person, party.contact.speaker)
    person = with_registration(
        person, party.contact, party.contact_key, has_phone=party.has_phone
    ).model_copy(update={"area": area})
    return Decision(states=(person,), answer=Answer(201, {"person_id": person.id}))


def decide_bind_openid(states: States, item: Command[BindOpenid], _now: datetime) -> Decision:
    """From now on he is reached and answers by either."""
    phone, handle_id = item.data.phone, item.data.handle_id
    known, _ = states.get_each((Person, phone.person_id), (Handle, handle_id))
    person = known or Person(id=phone.person_id)
    person = with_registration(person, phone.contact, phone.contact_key, has_phone=True)
    handle = Handle(id=handle_id, person_id=person.id, verified=True)
    return Decision(
        states=(with_own_openid(person, item.data.openid), handle),
        answer=Answer(200, {"meaning": "bound"}),
    )


def decide_erase(states: States, item: Command[ErasePerson], now: datetime) -> Decision:
    person = states.get(Person, item.data.person_id)
    if person is None:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    answer = Answer(200, {"person_id": person.id, "erased": True})
    return replace(_erase(states, person, now), answer=answer)


def _erase(states: States, person: Person, now: datetime) -> Decision:
    """The keys go, and with them every link that was made for this person, in every service."""
    erased = _without_keys(person)
    return Decision((erased, _end_links(states, person, now)), ((erased, PersonErased()),))


def _end_links(states: States, person: Person, now: datetime, by: str = "") -> LinkRevocation:
    states.get(LinkRevocation, person.id)
    return revoke(person.id, now, by)


def decide_revoke_person_links(
    states: States, item: Command[RevokePersonLinks], now: datetime
) -> Decision:
    """The person and his requests stay; he gets new links with the next notices."""
    person = states.get(Person, item.data.person_id)
    if person is None:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    revocation = _end_links(states, person, now, item.principal)
    answer = Answer(200, {"revoked": person.id, "revoked_at": now.isoformat()})
    return Decision((person, revocation), ((person, PersonLinksRevoked()),), answer)


def decide_forget_openid(states: States, item: Command[ForgetOpenid], now: datetime) -> Decision:
    """Whoever also gave a phone keeps that; whom we know by openid alone is erased."""
    handle, named = states.get_each((Handle, item.data.handle_id), (Person, item.data.person_id))
    bound = states.get(Person, handle.person_id) if handle else None
    persons = {person.id: person for person in (named, bound) if person}
    forgotten = [_forget_openid(states, person, now) for person in persons.values()]
    return Decision(
        states=tuple(state for decision in forgotten for state in decision.states),
        events=tuple(event for decision in forgotten for event in decision.events),
    )


def _forget_openid(states: States, person: Person, now: datetime) -> Decision:
    if not person.has_phone:
        return _erase(states, person, now)
    keys = {record: key for record, key in person.keys.items() if record != OPENID}
    changes = {"openid": None, "openid_verified": False, "keys": keys}
    return Decision(states=(person.model_copy(update=changes),))

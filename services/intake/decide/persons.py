"""Persons: who is meant, what the vault holds of them, their open requests and deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.intake.decide.identities import (
    find_meant,
    link_person,
    list_joined_facts,
    list_reached,
)
from services.intake.decide.voices import give_voice, second_point
from services.intake.messages import (
    ID_NUMBER_ELSEWHERE,
    ID_NUMBER_TAKEN,
    PERSON_ELSEWHERE,
    PERSON_UNKNOWN,
)
from services.intake.model import (
    CORRECTING,
    FORMER_PHONE,
    OPENID,
    OUTSIDE,
    BindOpenid,
    ContactPoint,
    Identity,
    Naming,
    Person,
    Registration,
    Request,
    Sealed,
    SealedCorrection,
    SealedParty,
    SealedRequest,
    Speaker,
    Unfinished,
)
from shared.contracts.values import Area
from shared.messaging.decision import Answer, Command, Decision, State, States
from shared.towns import is_city_wide

# --- who is meant -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """The person as named now, and what leads to him. is_proven: not only an ID number that a third
    party names leads to him, nor only a phone that staff gave. is_new: nothing was known of him.
    is_named: by the message. before: what was known."""

    person: Person
    states: tuple[State, ...]
    is_proven: bool
    is_new: bool
    is_named: bool
    before: Person


def update_named(states: States, data: SealedRequest) -> Named:
    meant = find_meant(states, data.naming, data.contact.speaker)
    area = find_area(states, meant.person)
    registration = _weigh(data.contact, area, is_his=meant.is_his)
    person, leading = link_person(states, meant.person, data.naming, registration)
    person = with_registration(person, registration, data.contact_key, has_phone=data.has_phone)
    person = person.model_copy(update={"area": _choose_area(area, registration, data.area)})
    if data.openid and registration.kind == "own":
        person = with_own_openid(person, data.openid)
    is_new = meant.person.foremost is None
    is_proven = meant.is_proven and not _is_strange(data.contact.speaker, is_his=meant.is_his)
    return Named(person, leading, is_proven, is_new, data.naming.is_named, meant.person)


def _weigh(registration: Registration, area: str, *, is_his: bool) -> Registration:
    """Staff of another town say what they say as any third party; so does who writes from a phone
    that nobody else knows as his, whatever name and ID number he gives."""
    speaker = registration.speaker
    is_elsewhere = speaker.kind == "staff" and area and not area.startswith(speaker.area)
    if not is_elsewhere and not _is_strange(speaker, is_his=is_his):
        return registration
    speaker = speaker.model_copy(update={"kind": "channel"})
    return registration.model_copy(update={"speaker": speaker})


def _is_strange(speaker: Speaker, *, is_his: bool) -> bool:
    return speaker.kind == "own" and not is_his


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


def is_known_there(states: States, person: Person, area: str) -> bool:
    """Whether staff of this area may change what is known of him. area: empty is the whole city."""
    return not area or find_area(states, person).startswith(area)


def _find_registered_area(states: States, person: Person, speaker: Speaker) -> str:
    """Only for staff with an area is it looked up: nobody else learns by it who is known."""
    return find_area(states, person) or speaker.area if speaker.area else person.area


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


# --- open requests and deliveries -------------------------------------------------------------


def with_request(person: Person, request: Request, text: Sealed | None) -> Person:
    """The request is unfinished now, and its text can be read."""
    keys = {**person.keys, request.id: text.key} if text else person.keys
    unfinished = _add_unfinished(person, request)
    return person.model_copy(update={"unfinished": unfinished, "keys": keys})


def with_unfinished(person: Person, request: Request) -> Person:
    return person.model_copy(update={"unfinished": _add_unfinished(person, request)})


def without_unfinished(person: Person, request: Request) -> Person:
    return person.model_copy(update={"unfinished": _list_others(person, request)})


def _add_unfinished(person: Person, request: Request) -> Mapping[str, Unfinished]:
    entry = Unfinished(
        request_id=request.id, recorded_at=request.recorded_at, fingerprint=request.fingerprint
    )
    return {**_list_others(person, request), request.id: entry}


def _list_others(person: Person, request: Request) -> dict[str, Unfinished]:
    return {k: v for k, v in person.unfinished.items() if v.request_id != request.id}


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
    speaker = party.contact.speaker
    meant = find_meant(states, _hide_identity(party.naming, speaker), speaker)
    person, leading = link_person(states, meant.person, party.naming, party.contact)
    area = _find_registered_area(states, meant.person, speaker)
    person = with_registration(
        person, party.contact, party.contact_key, has_phone=party.has_phone
    ).model_copy(update={"area": area})
    answer = Answer(201, {"person_id": person.id})
    joined = list_joined_facts(meant.person, person)
    return Decision(states=(person, *leading), events=joined, answer=answer)


def _hide_identity(naming: Naming, speaker: Speaker) -> Naming:
    """Nobody outside finds out whose an ID number is by the id that he is answered."""
    return naming.model_copy(update={"identity_id": ""}) if speaker.kind in OUTSIDE else naming


def decide_bind_openid(states: States, item: Command[BindOpenid], _now: datetime) -> Decision:
    """From now on he is reached and answers by either: whoever is the only one at the phone.

    Where several are, the account is one's who is called as its owner called himself there. A phone
    that staff gave becomes the person's own by an account that was so before; else it gives the
    account to nobody.
    """
    phone, point_id = item.data.phone, item.data.point_id
    person = _find_binder(states, phone, point_id)
    person, leading = link_person(states, person, phone.naming, phone.contact)
    person = with_registration(person, phone.contact, phone.contact_key, has_phone=True)
    phone_id = phone.naming.point_ids[0]
    account = states.get(ContactPoint, point_id) or ContactPoint(id=point_id)
    bound = account.model_copy(update={"bound_to": phone_id})
    points = [
        give_voice(point, person.id).model_copy(update={"bound_to": point_id})
        if isinstance(point, ContactPoint) and point.id == phone_id
        else point
        for point in leading
    ]
    return Decision(
        states=(with_own_openid(person, item.data.openid), *points, bound),
        answer=Answer(200, {"meaning": "bound"}),
    )


def _find_binder(states: States, phone: SealedParty, point_id: str) -> Person:
    meant = find_meant(states, phone.naming, phone.contact.speaker)
    there = list_reached(states, phone.naming.point_ids[0], phone.naming.earlier_id)
    here = [each for each in list_reached(states, point_id, "") if not each.link.entered_by]
    own = [each for each in there if not each.link.entered_by]
    voiceless = {each.person.id for each in there} - {each.person.id for each in own}
    if len(own) == 1:
        return own[0].person
    names = {id_ for each in here for id_ in each.link.name_ids}
    called = [each.person for each in own or here if names.intersection(each.link.name_ids)]
    if len(called) == 1:
        return called[0]
    if meant.person.id not in voiceless:
        return meant.person
    id_ = phone.naming.person_id
    return states.get(Person, id_) or Person(id=id_)


def decide_correct(states: States, item: Command[SealedCorrection], _now: datetime) -> Decision:
    """By staff of where he is known. What others said stays beside it; he keeps his id."""
    data = item.data
    person = states.get(Person, data.person_id)
    if person is None or person.erased:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    if not is_known_there(states, person, data.area):
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "person_id"))
    naming, contact = data.party.naming, data.party.contact
    identity = states.get(Identity, naming.identity_id) if naming.identity_id else None
    holder = identity.persons.get(naming.name_id, person.id) if identity else person.id
    if holder != person.id:
        return Decision(answer=_refuse_number(states, holder, data.area))
    before = person
    person, leading = link_person(states, person, naming, contact)
    leading = tuple(
        second_point(states, each, before, contact.speaker)
        if isinstance(each, ContactPoint) and data.names_phone
        else each
        for each in leading
    )
    wrong = states.get_many(ContactPoint, data.wrong_point_ids).values()
    points = tuple(id_ for id_ in person.points if id_ not in data.wrong_point_ids)
    former_links = {point.id: link for point in wrong if (link := point.find_link(person.id))}
    person = with_registration(
        person, contact, data.party.contact_key, has_phone=data.party.has_phone
    ).model_copy(update={"points": points, "former_links": {**before.former_links, **former_links}})
    person = _with_former_phone(states, person, data)
    unlinked = (point.without_person(person.id) for point in wrong)
    return Decision((person, *leading, *unlinked), answer=Answer(200, {"person_id": person.id}))


def _with_former_phone(states: States, person: Person, data: SealedCorrection) -> Person:
    """What was his stays reachable until another says that the new one is. Not one that was itself
    given: then the one before it."""
    point = states.get(ContactPoint, data.former_point_id) if data.former_point_id else None
    link = point.find_link(person.id) if point else None
    if data.former is None or (link and link.entered_by):
        return person
    keys = {**person.keys, FORMER_PHONE: data.former.key}
    return person.model_copy(update={"former_phone": data.former.cipher, "keys": keys})


def _refuse_number(states: States, holder_id: str, area: str) -> Answer:
    """Whose number it is only those read who may read of him."""
    holder = states.get(Person, holder_id)
    if holder is None or not is_known_there(states, holder, area):
        return ID_NUMBER_ELSEWHERE.refusal(409, "id_number")
    return ID_NUMBER_TAKEN.refusal(409, "id_number", person_id=holder_id)

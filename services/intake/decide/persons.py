"""Persons: who is meant, what the vault holds of them, their open requests and deliveries."""

from dataclasses import replace
from datetime import datetime

from services.intake.messages import PERSON_UNKNOWN
from services.intake.model import (
    CONTACT,
    OPENID,
    WECHAT_SOURCE,
    ErasePerson,
    ForgetOpenid,
    Handle,
    Person,
    Request,
    RevokePersonLinks,
    Sealed,
    SealedParty,
    SealedRequest,
    Unfinished,
)
from shared.contracts.events import PersonErased, PersonLinksRevoked
from shared.messaging.decision import NOTHING, Answer, AnyRef, Command, Decision, Ref, States
from shared.revocations import LinkRevocation, revoke

Named = SealedRequest | SealedParty
"""A person as somebody names him: by phone, by openid, or by name and place."""


# --- who is meant -----------------------------------------------------------------------------


def list_refs(named: Named) -> tuple[AnyRef, ...]:
    """What can be loaded before it is known who is meant."""
    person = Ref(Person, named.person_id)
    return (person, Ref(Handle, named.handle_id)) if named.handle_id else (person,)


def find_person_id(states: States, named: Named) -> str:
    """A phone outweighs an openid, and an openid that is known outweighs a new one."""
    states.prefetch(*list_refs(named))
    if named.has_phone or not named.handle_id:
        return named.person_id
    handle = states.get(Handle, named.handle_id)
    return handle.person_id if handle else named.person_id


def update_named(
    states: States, named: Named, person_id: str, source: str = ""
) -> tuple[Person, tuple[Handle, ...]]:
    """The person as named now, and the handle that leads there; source: who names them."""
    person = states.get(Person, person_id)
    binds = _may_bind_openid(states, named, person, source)
    updated = _with_contact(person or Person(id=person_id), named, binds=binds)
    return updated, (Handle(id=named.handle_id, person_id=person_id),) if binds else ()


def _may_bind_openid(states: States, named: Named, person: Person | None, source: str) -> bool:
    """Whether the openid becomes this person's.

    A third party may bring in both, but not move either: else whoever knows a phone would get
    that person's notices and answer for them. The person himself writes from his own openid.
    """
    if not named.handle_id or source == WECHAT_SOURCE:
        return bool(named.handle_id)
    return person is None and states.get(Handle, named.handle_id) is None


# --- what the vault holds ---------------------------------------------------------------------


def _with_contact(person: Person, named: Named, *, binds: bool) -> Person:
    """The latest contact stands; one without a phone does not replace one that has it."""
    if named.has_phone or not person.has_phone:
        person = _with_sealed(person, CONTACT, named.contact)
    if named.openid and binds:
        person = _with_sealed(person, OPENID, named.openid)
    has_phone = person.has_phone or named.has_phone
    return person.model_copy(update={"has_phone": has_phone, "erased": False})


def _with_sealed(person: Person, record: str, sealed: Sealed) -> Person:
    keys = {**person.keys, record: sealed.key}
    return person.model_copy(update={record: sealed.cipher, "keys": keys})


def _without_keys(person: Person) -> Person:
    """Every key goes, so every text and contact is noise; ids and open business stay."""
    return person.model_copy(
        update={
            "contact": None,
            "openid": None,
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
    person_id = find_person_id(states, item.data)
    person, handles = update_named(states, item.data, person_id)
    return Decision(states=(person, *handles), answer=Answer(201, {"person_id": person_id}))


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
    handle = states.get(Handle, item.data.handle_id)
    person = states.get(Person, handle.person_id) if handle else None
    if person is None or OPENID not in person.keys:
        return NOTHING
    if not person.has_phone:
        return _erase(states, person, now)
    keys = {record: key for record, key in person.keys.items() if record != OPENID}
    return Decision(states=(person.model_copy(update={"openid": None, "keys": keys}),))

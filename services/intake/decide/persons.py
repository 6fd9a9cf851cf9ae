"""Persons: kept, erased; their handles; which request or match of theirs is unfinished."""

from datetime import datetime

from services.intake.model import (
    CONTACT,
    OPENID,
    WECHAT_SOURCE,
    ErasePerson,
    ForgetOpenid,
    Handle,
    Person,
    Request,
    Sealed,
    SealedParty,
    SealedRequest,
    Unfinished,
)
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)

# --- who is meant: by phone the id says it, by openid the handle does ---


def touches_person(named: SealedRequest | SealedParty) -> tuple[AnyRef, ...]:
    person = Ref(Person, named.person_id)
    return (person, Ref(Handle, named.handle_id)) if named.handle_id else (person,)


def follow_person(states: States, named: SealedRequest | SealedParty) -> tuple[AnyRef, ...]:
    return (Ref(Person, person_meant(states, named)),)


def person_meant(states: States, named: SealedRequest | SealedParty) -> str:
    """A phone outweighs an openid, and an openid that is known outweighs a new one."""
    if named.has_phone or not named.handle_id:
        return named.person_id
    handle = states.get(Handle, named.handle_id)
    return handle.person_id if handle else named.person_id


def binds_openid(
    states: States, named: SealedRequest | SealedParty, person_id: str, source: str
) -> bool:
    """Whether the openid becomes this person's.

    A third party may bring in both, but not move either: else whoever knows a phone would get
    that person's notices and answer for them. The person himself writes from his own openid.
    """
    if not named.handle_id or source == WECHAT_SOURCE:
        return bool(named.handle_id)
    known = states.get(Person, person_id) or states.get(Handle, named.handle_id)
    return known is None


def with_named(
    states: States, named: SealedRequest | SealedParty, person_id: str, source: str = ""
) -> tuple[Person, tuple[Handle, ...]]:
    """The person as named now, and the handle that leads there; source: who names them."""
    binds = binds_openid(states, named, person_id, source)
    person = with_contact(states.get(Person, person_id), person_id, named, binds=binds)
    return person, (Handle(id=named.handle_id, person_id=person_id),) if binds else ()


# --- what is kept ---


def with_contact(
    person: Person | None, id_: str, named: SealedRequest | SealedParty, *, binds: bool
) -> Person:
    """The latest contact stands; one without a phone does not replace one that has it."""
    known = person or Person(id=id_)
    if named.has_phone or not known.has_phone:
        known = _keep(known, CONTACT, named.contact)
    if named.openid and binds:
        known = _keep(known, OPENID, named.openid)
    has_phone = known.has_phone or named.has_phone
    return known.model_copy(update={"has_phone": has_phone, "erased": False})


def _keep(person: Person, record: str, sealed: Sealed) -> Person:
    keys = {**person.keys, record: sealed.key}
    return person.model_copy(update={record: sealed.cipher, "keys": keys})


def with_request(person: Person, request: Request, text: Sealed | None) -> Person:
    """The request is unfinished business now, and its text can be read."""
    unfinished = person.unfinished
    if request.duplicate_of is None:
        entry = Unfinished(request_id=request.id, recorded_at=request.recorded_at)
        unfinished = {**unfinished, request.fingerprint: entry}
    keys = {**person.keys, request.id: text.key} if text else person.keys
    return person.model_copy(update={"unfinished": unfinished, "keys": keys})


def with_unfinished(person: Person, request: Request) -> Person:
    """It is unfinished business again, unless another like it took its place meanwhile."""
    if request.fingerprint in person.unfinished:
        return person
    entry = Unfinished(request_id=request.id, recorded_at=request.recorded_at)
    unfinished = {**person.unfinished, request.fingerprint: entry}
    return person.model_copy(update={"unfinished": unfinished})


def without_request(person: Person, request: Request) -> Person:
    entry = person.unfinished.get(request.fingerprint)
    if entry is None or entry.request_id != request.id:
        return person
    left = {k: v for k, v in person.unfinished.items() if k != request.fingerprint}
    return person.model_copy(update={"unfinished": left})


def awaiting(person: Person, match_id: str) -> Person:
    if match_id in person.awaiting:
        return person
    return person.model_copy(update={"awaiting": (*person.awaiting, match_id)})


def not_awaiting(person: Person, match_id: str) -> Person:
    """Nor remembered as arrived."""
    left = tuple(id_ for id_ in person.awaiting if id_ != match_id)
    arrived = "" if person.arrived == match_id else person.arrived
    return person.model_copy(update={"awaiting": left, "arrived": arrived})


def arrived(person: Person, match_id: str) -> Person:
    return not_awaiting(person, match_id).model_copy(update={"arrived": match_id})


def forgotten(person: Person) -> Person:
    """Every key goes, so every text and contact is noise; ids and open business stay."""
    return person.model_copy(
        update={"contact": None, "openid": None, "keys": {}, "has_phone": False, "erased": True}
    )


# --- commands ---


def touches_party(item: Command[SealedParty]) -> tuple[AnyRef, ...]:
    return touches_person(item.data)


def follow_party(states: States, item: Command[SealedParty]) -> tuple[AnyRef, ...]:
    return follow_person(states, item.data)


def decide_register_party(states: States, item: Command[SealedParty], _now: datetime) -> Decision:
    id_ = person_meant(states, item.data)
    person, handles = with_named(states, item.data, id_)
    return Decision(states=(person, *handles), answer=Answer(201, {"person_id": id_}))


def touches_erase(item: Command[ErasePerson]) -> tuple[AnyRef, ...]:
    return (Ref(Person, item.data.person_id),)


def decide_erase(states: States, item: Command[ErasePerson], _now: datetime) -> Decision:
    person = states.get(Person, item.data.person_id)
    if person is None:
        answer = refusal(404, "unknown_person", "没有这个人员编号", "no such person", "person_id")
        return Decision(answer=answer)
    answer = Answer(200, {"person_id": person.id, "erased": True})
    return Decision(states=(forgotten(person),), answer=answer)


def touches_forget(item: Command[ForgetOpenid]) -> tuple[AnyRef, ...]:
    return (Ref(Handle, item.data.handle_id),)


def follow_forget(states: States, item: Command[ForgetOpenid]) -> tuple[AnyRef, ...]:
    handle = states.get(Handle, item.data.handle_id)
    return (Ref(Person, handle.person_id),) if handle else ()


def decide_forget(states: States, item: Command[ForgetOpenid], _now: datetime) -> Decision:
    """Whoever also gave a phone keeps that; whom we know by openid alone is erased."""
    handle = states.get(Handle, item.data.handle_id)
    person = states.get(Person, handle.person_id) if handle else None
    if person is None or OPENID not in person.keys:
        return NOTHING
    if not person.has_phone:
        return Decision(states=(forgotten(person),))
    keys = {record: key for record, key in person.keys.items() if record != OPENID}
    return Decision(states=(person.model_copy(update={"openid": None, "keys": keys}),))

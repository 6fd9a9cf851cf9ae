"""Who leaves: a person who is erased, an account that unfollowed, links that open nothing more."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from services.intake.decide.followers import with_all_released
from services.intake.decide.identities import list_reached, unlink_person
from services.intake.decide.persons import is_known_there
from services.intake.decide.suggestions import list_without
from services.intake.messages import PERSON_ELSEWHERE, PERSON_UNKNOWN
from services.intake.model import (
    OPENID,
    ContactPoint,
    ErasePerson,
    ForgetOpenid,
    Person,
    Request,
    RequestState,
    RevokePersonLinks,
)
from services.intake.model.erasure import ErasureProposal
from services.intake.model.preference import Preference
from shared import revocations
from shared.contracts.envelope import Fact
from shared.contracts.events import LinkRevoked, PersonErased, PersonLinksRevoked, RequestWithdrawn
from shared.messaging.decision import Answer, Command, Decision, Record, State, States
from shared.revocations import LinkRevocation, RevokeLinks, revoke


def decide_erase(states: States, item: Command[ErasePerson], now: datetime) -> Decision:
    person = states.get(Person, item.data.person_id)
    if person is None:
        return Decision(answer=PERSON_UNKNOWN.refusal(404, "person_id"))
    answer = Answer(200, {"person_id": person.id, "erased": True})
    erased = _erase(states, person, now)
    records = _make_records(item.data.erasure_id, person.id, now)
    changed = (*erased.states, *_list_settled(states, person.id))
    return replace(erased, states=changed, answer=answer, records=records)


def _list_settled(states: States, person_id: str) -> Iterator[ErasureProposal]:
    """What was proposed counts this once: he may come again, and two would have to say it anew."""
    proposal = states.get(ErasureProposal, person_id)
    if proposal is not None:
        yield proposal.model_copy(update={"state": "done"})


def _make_records(erasure_id: str, subject_id: str, now: datetime) -> tuple[Record, ...]:
    """That this database knows of it: what does not is older, and erases again."""
    if not erasure_id:
        return ()
    return (Record("erasures", erasure_id, {"person_id": subject_id, "at": now}),)


def _erase(states: States, person: Person, now: datetime) -> Decision:
    """The keys go, and with them every link that was made for this person, in every service.

    Nobody could help with what he still needed: it leaves the menu first.
    """
    requests = list(_list_requests(states, person))
    ended = [_end_request(request) for request in requests]
    erased = _without_keys(person)
    leading = unlink_person(states, person)
    others = list_without(states.get_many(Person, person.joined).values(), person.id)
    events: list[tuple[State, Fact]] = [
        (after, RequestWithdrawn(person_id=person.id))
        for before, after in zip(requests, ended, strict=True)
        if before.is_withdrawable
    ]
    decision = Decision(
        (erased, *ended, *leading, *others, _end_links(states, person, now)),
        (*events, (erased, PersonErased())),
    )
    withdrawn = [request for request in requests if request.is_withdrawable]
    return with_all_released(states, withdrawn, decision)


def _end_request(request: Request) -> Request:
    """Withdrawn where it can be. What its text had in common with others goes with the text."""
    changes: dict[str, object] = {"bands": (), "marks": b""}
    if request.is_withdrawable:
        changes |= {"state": RequestState.WITHDRAWN, "followers": ()}
    return request.model_copy(update=changes)


def _list_requests(states: States, person: Person) -> Iterable[Request]:
    """Those that may be unfinished; of before, what was alike stands in `unfinished` once."""
    ids = {entry.request_id for entry in person.unfinished.values()}
    ids |= {record for record in person.keys if record.startswith("R-")}
    return states.get_many(Request, sorted(ids)).values()


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
    if not is_known_there(states, person, item.data.area):
        return Decision(answer=PERSON_ELSEWHERE.refusal(403, "person_id"))
    revocation = _end_links(states, person, now, item.principal)
    answer = Answer(200, {"revoked": person.id, "revoked_at": now.isoformat()})
    return Decision((person, revocation), ((person, PersonLinksRevoked()),), answer)


def decide_revoke_links(states: States, item: Command[RevokeLinks], now: datetime) -> Decision:
    """Other services open what was made on the pages of these links: they end it too."""
    decision = revocations.decide_revoke_links(states, item, now)
    [revocation] = decision.states
    return replace(decision, events=((revocation, LinkRevoked()),))


def decide_forget_openid(states: States, item: Command[ForgetOpenid], now: datetime) -> Decision:
    """Whoever also gave a phone keeps that; whom we know by openid alone is erased."""
    point_id = item.data.point_id
    reached = [each.person for each in list_reached(states, point_id, item.data.earlier_id)]
    forgotten = [_forget_openid(states, person, point_id, now) for person in reached]
    changed = {(type(state), state.id): state for each in forgotten for state in each.states}
    for point in _unbind(states, point_id):
        changed[ContactPoint, point.id] = point
    events = tuple(event for each in forgotten for event in each.events)
    records = _make_records(item.data.erasure_id, point_id, now)
    return Decision(tuple(changed.values()), events, records=records)


def _unbind(states: States, point_id: str) -> Iterator[ContactPoint]:
    """The account leads to nobody any more, and the phone beside it not to the account."""
    account = states.get(ContactPoint, point_id)
    if account is None:
        return
    yield ContactPoint(id=point_id)
    phone = states.get(ContactPoint, account.bound_to) if account.bound_to else None
    if phone:
        yield phone.model_copy(update={"bound_to": ""})


def _forget_openid(states: States, person: Person, point_id: str, now: datetime) -> Decision:
    if not person.has_phone:
        return _erase(states, person, now)
    keys = {record: key for record, key in person.keys.items() if record != OPENID}
    points = tuple(id_ for id_ in person.points if id_ != point_id)
    changes = {"openid": None, "openid_verified": False, "keys": keys, "points": points}
    return Decision(states=(person.model_copy(update=changes),))


def _without_keys(person: Person) -> Person:
    """Every key goes, so every text and contact is noise; ids stay, and what matching says of what
    was delivered."""
    return person.model_copy(
        update={
            "contact": None,
            "registrations": (),
            "openid": None,
            "openid_verified": False,
            "former_phone": None,
            "former_links": {},
            "keys": {},
            "has_phone": False,
            "erased": True,
            "standings": {},
            "consents": {},
            "preference": Preference(),
            "points": (),
            "identity_id": "",
            "joined": (),
            "unfinished": {},
            "awaiting": (),
            "arrived": "",
        }
    )

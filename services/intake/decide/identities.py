"""Whom a message means, and whom a contact point reaches.

A phone is nobody: a person is found by his ID number with his name, by his own WeChat account, or
by his name at a contact point. What is weaker is suggested to staff (`suggestions`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.intake.model import (
    OUTSIDE,
    ContactLink,
    ContactPoint,
    Identity,
    Naming,
    Person,
    Registration,
    Speaker,
    Whose,
)
from shared.contracts.envelope import Fact
from shared.contracts.events import PersonJoined
from shared.messaging.decision import AnyRef, Ref, State, States

# --- whom a contact point reaches ---


@dataclass(frozen=True, slots=True)
class Reached:
    """A person and how a contact point reaches him."""

    person: Person
    link: ContactLink


def list_reached(
    states: States, point_id: str, earlier_id: str, heard: ContactPoint | None = None
) -> list[Reached]:
    """By this contact point and by the one that is bound to it; who was erased is not.

    earlier_id: as whom the point itself was known, before persons were told apart from it. heard:
    the point as it is once what was written from it counts.
    """
    own = heard or states.get(ContactPoint, point_id)
    bound = states.get(ContactPoint, own.bound_to) if own and own.bound_to else None
    points = [point for point in (own, bound) if point]
    links = {link.person_id: link for point in reversed(points) for link in point.links}
    earlier = [point.person_id for point in points if point.person_id and point.verified]
    ids = dict.fromkeys((*links, *earlier, *filter(None, [earlier_id])))
    persons = states.get_many(Person, ids)
    return [
        Reached(person, links.get(id_) or _make_earlier_link(person))
        for id_, person in persons.items()
        if not person.erased
    ]


def are_one(persons: Sequence[Person]) -> bool:
    """Whether they are records of one human."""
    return {person.id for person in persons} <= {persons[0].id, *persons[0].joined}


def _make_earlier_link(person: Person) -> ContactLink:
    """Of who was known by the point itself, perhaps before names had digests."""
    foremost = person.foremost
    names = (foremost.name_id,) if foremost and foremost.name_id else ()
    return ContactLink(
        person_id=person.id,
        name_ids=names,
        is_named=bool(names) and person.is_named,
        may_answer=person.may_answer,
    )


# --- whom a message means ---


@dataclass(frozen=True, slots=True)
class Meant:
    """is_proven: not only an ID number that a third party names leads to him. is_his: what was
    written came from a contact of his, as far as anybody else knows."""

    person: Person
    is_proven: bool = True
    is_his: bool = True


def list_refs(naming: Naming) -> tuple[AnyRef, ...]:
    """What can be loaded before it is known who is meant."""
    identity = (Ref(Identity, naming.identity_id),) if naming.identity_id else ()
    points = (Ref(ContactPoint, id_) for id_ in naming.point_ids)
    persons = (Ref(Person, naming.person_id), Ref(Person, naming.earlier_id))
    return (*persons, *points, *identity)


def find_meant(states: States, naming: Naming, speaker: Speaker) -> Meant:
    """By strong signs alone; else a person of whom nothing is known yet."""
    states.prefetch(*list_refs(naming))
    reached = _list_by_points(states, naming)
    called = [each for each in reached if _is_called(each, naming, speaker)]
    for each in called:
        if _may_be(each.person, naming):
            return Meant(each.person, is_his=not each.link.entered_by)
    if person := _find_by_identity(states, naming):
        links = (each.link for each in reached if each.person.id == person.id)
        is_his = any(not link.entered_by for link in links)
        return Meant(person, is_proven=speaker.kind not in OUTSIDE, is_his=is_his)
    if not called and (single := _find_nameless(reached, naming, speaker)):
        return Meant(single.person, is_his=not single.link.entered_by)
    return Meant(_make_new(states, naming))


def _list_by_points(states: States, naming: Naming) -> list[Reached]:
    """Each person once, by the first point that reaches him."""
    reached: dict[str, Reached] = {}
    for point_id in naming.point_ids:
        for each in list_reached(states, point_id, naming.earlier_id):
            reached.setdefault(each.person.id, each)
    return list(reached.values())


def _is_called(reached: Reached, naming: Naming, speaker: Speaker) -> bool:
    """Third parties find a person by the name that the contact point was first given with: no
    other tells them what staff corrected."""
    names = reached.link.name_ids
    return naming.name_id in (names[:1] if speaker.kind in OUTSIDE else names)


def _may_be(person: Person, naming: Naming) -> bool:
    """Two people of one name share a phone where their ID numbers differ."""
    return not naming.identity_id or person.identity_id in ("", naming.identity_id)


def _find_by_identity(states: States, naming: Naming) -> Person | None:
    identity = states.get(Identity, naming.identity_id) if naming.identity_id else None
    person_id = identity.persons.get(naming.name_id) if identity else None
    return states.get(Person, person_id) if person_id else None


def _find_nameless(reached: list[Reached], naming: Naming, speaker: Speaker) -> Reached | None:
    """Who writes without a name is the one whom his phone or account reaches; whose phone said no
    name yet is whom the first name is said of."""
    if not naming.is_named and speaker.kind == "own":
        own = [each for each in reached if each.link.whose == "own"]
        candidates = own if len(own) == 1 else reached
    else:
        candidates = [] if any(each.link.is_named for each in reached) else reached
    single = candidates[0] if len(candidates) == 1 else None
    return single if single and _may_be(single.person, naming) else None


def _make_new(states: States, naming: Naming) -> Person:
    """Also where he was erased, or is beyond the links that a contact point holds."""
    stored = states.get(Person, naming.person_id)
    if stored is None or (_may_be(stored, naming) and _is_reached(stored, naming)):
        return stored or Person(id=naming.person_id)
    stored = states.get(Person, naming.other_person_id)
    return stored or Person(id=naming.other_person_id)


def _is_reached(person: Person, naming: Naming) -> bool:
    """Not where staff found that the phone is not his."""
    return not person.points or not naming.point_ids or bool({*person.points} & {*naming.point_ids})


# --- what is said of how he is reached ---


def link_person(
    states: States, person: Person, naming: Naming, registration: Registration
) -> tuple[Person, tuple[State, ...]]:
    """The person with his contact points and ID number, and what leads to him now.

    person: before what the speaker says was added to him.
    """
    points = [_link_point(states, id_, person, naming, registration) for id_ in naming.point_ids]
    point_ids = dict.fromkeys((*person.points, *naming.point_ids))
    is_new = person.foremost is None
    closed = (point for point in points if point.opted_out and point.reaches_only(person.id))
    opted_out = any(closed) and registration.kind != "own"
    changes: dict[str, object] = {
        "points": tuple(point_ids),
        "opted_out": person.opted_out or (is_new and opted_out),
    }
    identity = _link_identity(states, person, naming, registration)
    if identity is None:
        return person.model_copy(update=changes), tuple(points)
    others = _list_same(states, identity.persons[naming.name_id], person.id)
    ids = {*person.joined, *(other.id for other in others)}
    changes |= {"identity_id": identity.id, "joined": tuple(sorted(ids))}
    joined = (
        other.model_copy(update={"joined": tuple(sorted({*other.joined, person.id}))})
        for other in others
    )
    return person.model_copy(update=changes), (*points, identity, *joined)


def _list_same(states: States, holder_id: str, person_id: str) -> list[Person]:
    """The other records of who has this number and name."""
    holder = states.get(Person, holder_id) if holder_id != person_id else None
    if holder is None or holder.erased:
        return []
    others = states.get_many(Person, [id_ for id_ in holder.joined if id_ != person_id])
    return [holder, *others.values()]


def list_joined_facts(before: Person, person: Person) -> tuple[tuple[State, Fact], ...]:
    """What is emitted where an ID number made two records one."""
    if person.joined == before.joined:
        return ()
    return ((person, PersonJoined(person_ids=tuple(sorted((person.id, *person.joined))))),)


def _link_point(
    states: States, point_id: str, person: Person, naming: Naming, registration: Registration
) -> ContactPoint:
    point = states.get(ContactPoint, point_id) or ContactPoint(id=point_id)
    link = point.find_link(person.id) or _find_former_link(states, point_id, person)
    is_of_before = not person.points and person.foremost is not None
    first = link or (
        _make_earlier_link(person) if is_of_before else ContactLink(person_id=person.id)
    )
    names = first.name_ids if first.is_named or not naming.is_named else ()
    whose = _choose_whose(first, naming, registration)
    if whose == "own" and link is None and registration.kind == "own":
        whose = "unsaid" if any(each.whose == "own" for each in point.links) else "own"
    entered_by = _find_enterer(person, link, registration)
    may_answer = first.may_answer or _may_answer(person, point, registration)
    return point.with_link(
        ContactLink(
            person_id=person.id,
            name_ids=tuple(dict.fromkeys((*names, naming.name_id))),
            is_named=(first.is_named and bool(names)) or naming.is_named,
            whose=whose,
            may_answer=may_answer and whose != "collector" and not entered_by,
            entered_by=entered_by,
        )
    )


def _find_former_link(states: States, point_id: str, person: Person) -> ContactLink | None:
    """What a contact was to him before staff replaced it, where nothing that they gave instead has
    a voice yet: a slip that is taken back costs nobody the own phone."""
    former = person.former_links.get(point_id)
    if former is None:
        return None
    points = states.get_many(ContactPoint, person.points).values()
    links = [link for point in points if (link := point.find_link(person.id))]
    return former if any(link.entered_by for link in links) else None


def _find_enterer(person: Person, link: ContactLink | None, registration: Registration) -> str:
    """Empty where the contact came with the person. Who types it again may only have read it. A
    name and an ID number are known to many: no channel's word makes a phone his."""
    if link is not None:
        return link.entered_by
    is_known = person.foremost is not None
    enterer = name_enterer(registration.speaker)
    return enterer if is_known and registration.kind in ("channel", "staff") else ""


def name_enterer(speaker: Speaker) -> str:
    return speaker.holder or speaker.source


def _choose_whose(link: ContactLink, naming: Naming, registration: Registration) -> Whose:
    """Nobody outside makes a collector's or a relative's phone the person's own."""
    is_others = link.whose not in ("unsaid", "own")
    if naming.whose == "unsaid" or (
        naming.whose == "own" and is_others and registration.kind in OUTSIDE
    ):
        return link.whose
    return naming.whose


def _may_answer(person: Person, point: ContactPoint, registration: Registration) -> bool:
    """A donor's partner would gain by it; a channel makes no phone of its own a known person's. Nor
    do staff of one of theirs, where help is under way that a “1” from it would pay."""
    if registration.kind == "staff" and (person.unfinished or person.awaiting):
        return point.id in person.points
    if registration.kind != "channel":
        return registration.kind != "partner"
    return person.foremost is None or point.id in person.points


def _link_identity(
    states: States, person: Person, naming: Naming, registration: Registration
) -> Identity | None:
    """A third party puts no number to a person whom others brought, a giver's partner to nobody."""
    if not naming.identity_id or registration.kind == "partner":
        return None
    others = {row.speaker.source for row in person.list_registrations()}
    is_known = person.identity_id == naming.identity_id
    if registration.kind == "channel" and not is_known and others - {registration.speaker.source}:
        return None
    identity = states.get(Identity, naming.identity_id) or Identity(id=naming.identity_id)
    persons = {naming.name_id: person.id, **identity.persons}
    return identity.model_copy(update={"persons": persons})


def unlink_person(states: States, person: Person) -> Iterator[State]:
    """Contact points and ID number lead to him no more, and to the others as before."""
    for point in states.get_many(ContactPoint, person.points).values():
        yield point.without_person(person.id)
    identity = states.get(Identity, person.identity_id) if person.identity_id else None
    if identity:
        persons = {name: id_ for name, id_ in identity.persons.items() if id_ != person.id}
        yield identity.model_copy(update={"persons": persons})

"""Whether what somebody proved to hold is the person's own contact, and nobody else's."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.intake.model import WEB_SOURCE, WECHAT_SOURCE, ContactPoint, Person
from services.intake.own.messages import CONTACT_NOT_OWN, CONTACTS_SEVERAL
from services.intake.vault.persons import (
    Contact,
    derive_point_id,
    fold_name,
    is_own_phone,
    list_said,
    open_contact,
)
from services.intake.vault.sealing import Vault
from shared.errors import Message

OF_OTHERS = frozenset({"family", "guardian"})
"""His phone, as far as it reaches these: he is the relative."""


TYPED = frozenset({WEB_SOURCE, WECHAT_SOURCE})
"""Where anybody may name any phone: only a message from it, or a code to it, shows whose it is."""


def find_contact_refusal(
    vault: Vault,
    person: Person,
    points: Mapping[str, ContactPoint],
    proven_id: str,
    reached: Mapping[str, Person],
) -> Message | None:
    """None: it is his own. points: all of his, by id. reached: everybody whom the proven one
    reaches, by id.

    His own is what is said to be his, or what he wrote from or staff alone name, where it reaches
    nobody else. Who only typed it somewhere takes it from nobody who has shown more. Where two
    contacts speak for him, nothing here tells which of them is he.
    """
    proven = points.get(proven_id)
    if proven is None or not _is_own(vault, person, proven, reached):
        return CONTACT_NOT_OWN
    bound = {proven_id, proven.bound_to}
    others = (point for id_, point in points.items() if id_ not in bound)
    if any(_speaks_for(point, person) for point in others if point.bound_to != proven_id):
        return CONTACTS_SEVERAL
    return None


@dataclass(frozen=True, slots=True)
class Address:
    phone: str | None = None
    openid: str | None = None


def find_address(vault: Vault, contact: Contact, proven_id: str) -> Address | None:
    """What the code came back from, as far as it stands with the person: the phone beside a proven
    WeChat account may be one that somebody else named."""
    if contact.phone and derive_point_id(vault, phone=contact.phone) == proven_id:
        return Address(phone=contact.phone)
    if contact.openid and derive_point_id(vault, openid=contact.openid) == proven_id:
        return Address(openid=contact.openid)
    return None


def is_called(vault: Vault, person: Person, name: str) -> bool:
    """By anybody's word."""
    names = {fold_name(fields.get("name") or "") for _, fields in list_said(vault, person)}
    return fold_name(name) in names - {""}


def _is_own(
    vault: Vault, person: Person, point: ContactPoint, reached: Mapping[str, Person]
) -> bool:
    link = point.find_link(person.id)
    if link is None or not _speaks_for(point, person):
        return False
    ids = {person.id, *person.joined}
    others = [each for each in point.links if each.person_id not in ids]
    if not _is_only_typed(vault, person, point):
        others = [
            each
            for each in others
            if (other := reached.get(each.person_id)) is None
            or not _is_only_typed(vault, other, point)
        ]
    if link.whose == "own":
        return all(each.whose in OF_OTHERS for each in others)
    return not others and _is_vouched(vault, person, point)


def _is_only_typed(vault: Vault, person: Person, point: ContactPoint) -> bool:
    """Whether nothing ties the person to this phone but that it was typed for him."""
    if person.id in point.confirmed_ids or point.bound_to in person.points:
        return False
    sources = {
        registration.speaker.source
        for registration, fields in list_said(vault, person)
        if derive_point_id(vault, phone=fields.get("phone")) == point.id
    }
    return bool(sources) and sources <= TYPED


def _is_vouched(vault: Vault, person: Person, point: ContactPoint) -> bool:
    contact = open_contact(vault, person)
    if point.id == derive_point_id(vault, openid=contact.openid):
        return person.openid_verified
    is_named = point.id == derive_point_id(vault, phone=contact.phone)
    return is_named and is_own_phone(vault, person, point, contact.phone, lambda _: False)


def _speaks_for(point: ContactPoint, person: Person) -> bool:
    """Whether a message from it counts as his word."""
    link = point.find_link(person.id)
    return link is not None and link.may_answer and link.whose in ("own", "unsaid")

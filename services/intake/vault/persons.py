"""What of a person goes into the vault and comes out of it: contact, openid, texts of requests."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from services.intake.channels.text import NAMELESS
from services.intake.model import (
    CORRECTING,
    FORMER_PHONE,
    OPENID,
    WECHAT_SOURCE,
    ContactPoint,
    Person,
    Registration,
    Request,
    Sealed,
    Speaker,
    derive_note_record,
)
from services.intake.vault.sealing import Vault
from shared.contracts.values import Area
from shared.ids import make_id
from shared.messaging.sealing import UnreadableError
from shared.scope import Scope
from shared.text import fold_text


@dataclass(frozen=True, slots=True)
class Contact:
    """None: never given, or erased."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)
    id_number: str | None = field(default=None, repr=False)


def derive_person_id(
    vault: Vault, name: str, phone: str | None, openid: str | None, *otherwise: str
) -> str:
    """Of whom nobody knows yet: a name at a phone, else at an openid.

    otherwise: what tells a person whom neither reaches from his namesakes.
    """
    if contact := phone or openid:
        return vault.derive_id("P", "contact", contact, fold_name(name))
    return vault.derive_id("P", *otherwise, fold_name(name))


def derive_earlier_person_id(
    vault: Vault, name: str, phone: str | None, openid: str | None, place: str
) -> str:
    """As persons were known before: by phone, else by openid, else by name in a place."""
    if phone:
        return vault.derive_id("P", "phone", phone)
    if openid:
        return vault.derive_id("P", "openid", openid)
    return vault.derive_id("P", "name", name.strip(), place)


def derive_point_id(vault: Vault, *, phone: str | None = None, openid: str | None = None) -> str:
    """Of a contact point. Empty where there is none."""
    if phone:
        return vault.derive_id("H", "phone", phone)
    return vault.derive_id("H", "openid", openid) if openid else ""


def derive_proof_id(vault: Vault, code: str) -> str:
    """Of a code that stands on a person's page."""
    return vault.derive_id("K", code)


def derive_name_id(vault: Vault, name: str) -> str:
    return vault.derive_id("N", fold_name(name))


def derive_identity_id(vault: Vault, id_number: str | None) -> str:
    """By which the same number is found again, and nobody reads it. Empty where there is none."""
    return vault.derive_id("D", id_number) if id_number else ""


def fold_name(name: str) -> str:
    """Equal where it is the same name: blanks within are no part of a Chinese one."""
    return "".join(fold_text(name).split()).casefold()


def derive_contact_ids(vault: Vault, phone: str | None, openid: str | None) -> tuple[str, ...]:
    """Of what he can be reached by."""
    kinds = {"phone": phone, "openid": openid}
    return tuple(vault.derive_id("C", kind, contact) for kind, contact in kinds.items() if contact)


def derive_household_id(vault: Vault, number: str | None, area: Area) -> str:
    """Empty where no channel said it. Numbers are a town's own."""
    return vault.derive_id("U", area.town_code, number.strip()) if number else ""


def seal_registration(
    vault: Vault,
    speaker: Speaker,
    name: str,
    phone: str | None,
    openid: str | None,
    id_number: str | None = None,
    reason: str = "",
) -> tuple[Registration, bytes]:
    """What the speaker says of a person, and the wrapped key to it. reason: of a correction."""
    record = f"contact {make_id('C', speaker.source)}"
    fields = {"name": name, "phone": phone, "openid": openid}
    more = {"id_number": id_number, "reason": reason}
    fields |= {field_name: value for field_name, value in more.items() if value}
    sealed = vault.seal(record, json.dumps(fields, ensure_ascii=False).encode())
    registration = Registration(
        speaker=speaker,
        record=record,
        cipher=sealed.cipher,
        name_id=derive_name_id(vault, name),
        is_named=name != NAMELESS,
        is_correction=bool(reason),
    )
    return registration, sealed.key


def seal_openid(vault: Vault, openid: str) -> Sealed:
    return vault.seal(OPENID, openid.encode())


def open_contact(vault: Vault, person: Person) -> Contact:
    """Name and phone by whose word counts; the openid only if it is the person's own."""
    foremost = person.foremost
    rows = {row.record: _open_registration(vault, person, row) for row in _list_rows(person)}
    first = rows.get(foremost.record, {}) if foremost else {}
    return Contact(
        name=first.get("name"),
        phone=first.get("phone") or _find_first(rows, "phone"),
        openid=_open_own_openid(vault, person),
        id_number=first.get("id_number") or _find_first(rows, "id_number"),
    )


def narrow_person(person: Person, scope: Scope, sources: Collection[str]) -> Person:
    """As staff of an area read of him; to be shown, never stored. sources: who brought the requests
    of his that are in the scope.

    What staff of another area entered is not in it. Of who is known in another area only that is
    which staff of the scope, or who brought his requests there, say: whoever records a name with a
    phone, or with an ID number, learns the other of the two by nothing.
    """
    if not scope.area:
        return person
    is_known = scope.narrow_area(person.area) is not None

    def is_read(speaker: Speaker) -> bool:
        if speaker.source in sources:
            return True
        if speaker.area:
            return scope.narrow_area(speaker.area) is not None
        return is_known

    changes: dict[str, object] = {
        "registrations": tuple(row for row in person.registrations if is_read(row.speaker))
    }
    if not is_known:
        is_own = WECHAT_SOURCE in sources
        changes |= {"contact": None, "area": "", "openid": person.openid if is_own else None}
    return person.model_copy(update=changes)


def _list_rows(person: Person) -> tuple[Registration, ...]:
    """Whose word counts; the others', where they may say what he does not."""
    foremost = person.foremost
    if foremost is None:
        return ()
    return person.list_registrations() if person.has_phone or person.identity_id else (foremost,)


def _open_registration(vault: Vault, person: Person, row: Registration) -> Mapping[str, str]:
    content = open_record(vault, person, row.record, row.cipher)
    fields: Mapping[str, str] = json.loads(content) if content else {}
    return fields


def _find_first(rows: Mapping[str, Mapping[str, str]], field_name: str) -> str | None:
    """Whoever writes from WeChat says no phone; others did."""
    return next((row[field_name] for row in rows.values() if row.get(field_name)), None)


def _open_own_openid(vault: Vault, person: Person) -> str | None:
    """Of what was stored before openids were verified only that of who is known by it alone."""
    content = open_record(vault, person, OPENID, person.openid)
    openid = content.decode() if content else None
    if openid and not person.openid_verified:
        earlier_id = derive_earlier_person_id(vault, "", None, openid, "")
        return openid if earlier_id == person.id else None
    return openid


def is_own_phone(
    vault: Vault,
    person: Person,
    point: ContactPoint | None,
    phone: str | None,
    is_askers: Callable[[str], bool],
) -> bool:
    """Whether it is certainly his: he wrote from it himself, or staff say so and none another.

    point: the phone's, as far as it is known. Where one of the staff alone gave it to a known
    person, it is nobody's yet, whoever writes from it.
    is_askers: whether a source is that of whoever wants to hear from him there: his own word on
    whose phone it is counts for nothing.
    """
    link = point.find_link(person.id) if point else None
    if link and (link.entered_by or link.whose not in ("unsaid", "own")):
        return False
    rows = [
        (row, _open_registration(vault, person, row).get("phone"))
        for row in person.list_registrations()
        if row.kind in CORRECTING
    ]
    if not phone or any(row.kind == "own" and stated == phone for row, stated in rows):
        return bool(phone)
    vouching = [row for row, stated in rows if stated and not is_askers(row.speaker.source)]
    return bool(vouching) and {stated for _, stated in rows if stated} == {phone}


def choose_phone(
    vault: Vault, person: Person, points: Mapping[str, ContactPoint], *, is_donor: bool
) -> str | None:
    """Where notices go. Nowhere by a channel's word on a known person, who may be a hotline with
    its own number; what a donor is told opens proposals, so one of the staff is not enough either.

    points: his, by id.
    """
    contact, others = open_contact(vault, person), list_said(vault, person)
    phones = dict.fromkeys((contact.phone, *(fields.get("phone") for _, fields in others)))
    for phone in filter(None, phones):
        point_id = derive_point_id(vault, phone=phone)
        point = points.get(point_id)
        link = point.find_link(person.id) if point else None
        if person.points and point_id not in person.points:
            continue
        if link is None or not link.entered_by:
            return phone
        if not is_donor and person.is_of_staff(link.entered_by):
            return phone
    return _open_former_phone(vault, person)


def list_notice_points(vault: Vault, person: Person) -> set[str]:
    """Every contact point that `choose_phone` may choose: the former phone's is his no more, and
    may want no notices all the same."""
    former = _open_former_phone(vault, person)
    return {*person.points, *([derive_point_id(vault, phone=former)] if former else [])}


def _open_former_phone(vault: Vault, person: Person) -> str | None:
    former = open_record(vault, person, FORMER_PHONE, person.former_phone)
    return former.decode() if former else None


def list_said(vault: Vault, person: Person) -> list[tuple[Registration, Mapping[str, str]]]:
    """What each source says of him, opened."""
    rows = person.list_registrations()
    return [(row, _open_registration(vault, person, row)) for row in rows]


def open_text(vault: Vault, person: Person, request: Request) -> str | None:
    text = open_record(vault, person, request.id, request.text)
    return text.decode() if text else None


def open_note(vault: Vault, person: Person, request: Request) -> str | None:
    note = open_record(vault, person, derive_note_record(request.id), request.note)
    return note.decode() if note else None


def open_record(vault: Vault, person: Person, record: str, cipher: bytes | None) -> bytes | None:
    """None when its key is gone: an erased person is no error."""
    key = person.keys.get(record)
    if cipher is None or key is None:
        return None
    try:
        return vault.open(record, cipher, key)
    except UnreadableError:
        return None

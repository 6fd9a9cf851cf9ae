"""What of a person goes into the vault and comes out of it: contact, openid, texts of requests."""

import json
from dataclasses import dataclass, field

from services.intake.channels.text import NAMELESS
from services.intake.model import OPENID, Person, Registration, Request, Sealed, Speaker
from services.intake.vault.sealing import Vault
from shared.contracts.values import Area
from shared.ids import derived_id
from shared.messaging.sealing import UnreadableError


@dataclass(frozen=True, slots=True)
class Contact:
    """None: never given, or erased."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)


def derive_person_id(
    vault: Vault, name: str, phone: str | None, openid: str | None, area: Area
) -> str:
    """The same phone is the same person, else the same openid, else the same name in a place."""
    if phone:
        return derive_person_id_of_phone(vault, phone)
    if openid:
        return derive_person_id_of_openid(vault, openid)
    return vault.derive_id("P", "name", name.strip(), area.village_code or area.town_code)


def derive_person_id_of_phone(vault: Vault, phone: str) -> str:
    return vault.derive_id("P", "phone", phone)


def derive_person_id_of_openid(vault: Vault, openid: str) -> str:
    return vault.derive_id("P", "openid", openid)


def derive_handle_id(vault: Vault, openid: str | None) -> str:
    """Empty when there is no openid."""
    return vault.derive_id("H", "openid", openid) if openid else ""


def derive_name_id(vault: Vault, name: str) -> str:
    """A phone has many names: what is known of one says nothing of another."""
    return vault.derive_id("N", name.strip())


def derive_contact_ids(vault: Vault, phone: str | None, openid: str | None) -> tuple[str, ...]:
    """Of what he can be reached by."""
    kinds = {"phone": phone, "openid": openid}
    return tuple(vault.derive_id("C", kind, contact) for kind, contact in kinds.items() if contact)


def derive_household_id(vault: Vault, number: str | None, area: Area) -> str:
    """Empty where no channel said it. Numbers are a town's own."""
    return vault.derive_id("U", area.town_code, number.strip()) if number else ""


def seal_registration(
    vault: Vault, speaker: Speaker, name: str, phone: str | None, openid: str | None
) -> tuple[Registration, bytes]:
    """What the speaker says of a person, and the wrapped key to it."""
    record = f"contact {derived_id('C', speaker.source)}"
    content = json.dumps({"name": name, "phone": phone, "openid": openid}, ensure_ascii=False)
    sealed = vault.seal(record, content.encode())
    registration = Registration(
        speaker=speaker,
        record=record,
        cipher=sealed.cipher,
        name_id=derive_name_id(vault, name),
        is_named=name != NAMELESS,
    )
    return registration, sealed.key


def seal_openid(vault: Vault, openid: str) -> Sealed:
    return vault.seal(OPENID, openid.encode())


def open_contact(vault: Vault, person: Person) -> Contact:
    """Name and phone by whose word counts; the openid only if it is the person's own."""
    registration = person.foremost
    content = (
        _open_record(vault, person, registration.record, registration.cipher)
        if registration
        else None
    )
    fields = json.loads(content) if content else {}
    phone = fields.get("phone") or _find_phone(vault, person)
    return Contact(fields.get("name"), phone, _open_own_openid(vault, person))


def _find_phone(vault: Vault, person: Person) -> str | None:
    """Whoever writes from WeChat says no phone; others did."""
    for registration in person.list_registrations() if person.has_phone else ():
        content = _open_record(vault, person, registration.record, registration.cipher)
        phone = json.loads(content).get("phone") if content else None
        if phone:
            return str(phone)
    return None


def _open_own_openid(vault: Vault, person: Person) -> str | None:
    """Of what was stored before openids were verified only that of who is known by it alone."""
    content = _open_record(vault, person, OPENID, person.openid)
    openid = content.decode() if content else None
    if openid and not person.openid_verified:
        return openid if derive_person_id_of_openid(vault, openid) == person.id else None
    return openid


def open_text(vault: Vault, person: Person, request: Request) -> str | None:
    text = _open_record(vault, person, request.id, request.text)
    return text.decode() if text else None


def _open_record(vault: Vault, person: Person, record: str, cipher: bytes | None) -> bytes | None:
    """None when its key is gone: an erased person is no error."""
    key = person.keys.get(record)
    if cipher is None or key is None:
        return None
    try:
        return vault.open(record, cipher, key)
    except UnreadableError:
        return None

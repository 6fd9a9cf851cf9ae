"""What of a person goes into the vault and comes out of it: contact, openid, texts of requests."""

import json
from dataclasses import dataclass, field

from services.intake.model import CONTACT, OPENID, Person, Request, Sealed
from services.intake.vault.sealing import Vault
from shared.contracts.values import Area
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


def seal_contact(vault: Vault, name: str, phone: str | None) -> Sealed:
    content = json.dumps({"name": name, "phone": phone}, ensure_ascii=False)
    return vault.seal(CONTACT, content.encode())


def seal_openid(vault: Vault, openid: str | None) -> Sealed | None:
    return vault.seal(OPENID, openid.encode()) if openid else None


def open_contact(vault: Vault, person: Person) -> Contact:
    contact = _open_record(vault, person, CONTACT, person.contact)
    openid = _open_record(vault, person, OPENID, person.openid)
    fields = json.loads(contact) if contact else {}
    return Contact(fields.get("name"), fields.get("phone"), openid.decode() if openid else None)


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

"""What dead letters say of a person who is erased."""

import json

from services.intake.model import Person
from services.intake.resources import IntakeRuntime
from services.intake.vault.persons import Contact, list_said, open_contact


async def erase_dead_letters(runtime: IntakeRuntime, person: Person) -> None:
    """Before his keys go: without them nobody knows what to look for."""
    vault = runtime.resources.vault
    contacts = [open_contact(vault, person)]
    contacts += [
        Contact(said.get("name"), said.get("phone"), said.get("openid"), said.get("id_number"))
        for _, said in list_said(vault, person)
    ]
    async for id_, content in runtime.dead_letters.list_contents():
        if any(_is_about(contact, _read_text(content)) for contact in contacts):
            await runtime.dead_letters.erase(id_)


def _read_text(content: bytes) -> str:
    """As it was meant: names are often escaped in JSON."""
    try:
        return json.dumps(json.loads(content), ensure_ascii=False)
    except ValueError:
        return content.decode("utf-8", errors="replace")


def _is_about(contact: Contact, text: str) -> bool:
    """His ID number or account; else his name with his phone: others may share either."""
    if any(mark and mark in text for mark in (contact.id_number, contact.openid)):
        return True
    phone = (contact.phone or "").removeprefix("+86")
    return bool(phone and contact.name and phone in text and contact.name in text)

"""Asks intake how persons can be reached, at the moment of sending; nothing is stored."""

from collections.abc import Collection, Mapping

from services.notify.channels import NO_CONTACT, Contact
from shared.documents import Document
from shared.persons_client import PersonsClient


class ContactClient(PersonsClient):
    """Called as the service that sends notices."""

    async def find_contacts(
        self, person_ids: Collection[str], purpose: str
    ) -> Mapping[str, Contact]:
        """By person id, if known. Intake logs the purpose. Raises Transient."""
        return await self.fetch("contacts", person_ids, purpose, _parse_contact)

    async def find_own_phone(self, person_id: str, purpose: str, for_whom: str) -> Contact:
        """own_phone: it is certainly his, and not by the word of whom he is to read a code to.

        Raises Transient.
        """
        contacts = await self.fetch("own-phones", {person_id}, purpose, _parse_contact, for_whom)
        return contacts.get(person_id, NO_CONTACT)


def _parse_contact(row: Document) -> Contact:
    return Contact(
        row["phone"],
        row["openid"],
        bool(row["opted_out"]),
        bool(row["erased"]),
        bool(row.get("own_phone")),
        bool(row.get("wechat_opted_out")),
        row.get("point_id"),
        row.get("channel"),
        row.get("language") or "zh",
        row.get("account_id"),
    )

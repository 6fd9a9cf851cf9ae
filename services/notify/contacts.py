"""Asks intake how persons can be reached, at the moment of sending; nothing is stored."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson

from services.notify.channels import Contact
from shared.errors import Transient
from shared.http import CallError, HttpClient

T = TypeVar("T")


class ContactClient:
    """intake's internal API, called as the service that sends notices."""

    def __init__(self, http: HttpClient, intake_url: str, token_file: Path) -> None:
        self._http, self._token_file = http, token_file
        self._url = f"{intake_url.rstrip('/')}/internal"

    async def find_contacts(
        self, person_ids: Collection[str], purpose: str
    ) -> Mapping[str, Contact]:
        """By person id, if known. Intake logs the purpose. Raises Transient."""
        return await self._fetch("contacts", person_ids, purpose, _parse_contact)

    async def find_names(
        self, person_ids: Collection[str], purpose: str
    ) -> Mapping[str, str | None]:
        """None for somebody unknown or erased. Intake logs the purpose. Raises Transient."""
        return await self._fetch("names", person_ids, purpose, _parse_name) if person_ids else {}

    async def _fetch(
        self,
        resource: str,
        person_ids: Collection[str],
        purpose: str,
        parse: Callable[[Mapping[str, object]], T],
    ) -> dict[str, T]:
        try:
            reply = await self._http.post(
                f"{self._url}/{resource}",
                orjson.dumps({"purpose": purpose, "person_ids": sorted(person_ids)}),
                headers={
                    "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                    "Content-Type": "application/json",
                },
            )
            if not reply.is_success:
                raise ValueError(f"status {reply.status}")
            return {row["person_id"]: parse(row) for row in reply.json()[resource]}
        except (CallError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake gives no {resource}: {type(error).__name__}") from None


def _parse_contact(row: Mapping[str, Any]) -> Contact:
    return Contact(row["phone"], row["openid"], bool(row["opted_out"]), bool(row["erased"]))


def _parse_name(row: Mapping[str, Any]) -> str | None:
    name: str | None = row["name"]
    return name

"""Asks intake how persons can be reached, at the moment of sending; nothing is kept."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from shared.contracts.events import NoticeChannel
from shared.errors import Transient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contact:
    """phone: E.164. It and openid stay out of repr, and so out of logs.

    opted_out: wants no SMS.
    """

    phone: str | None = field(default=None, repr=False)
    openid: str | None = field(default=None, repr=False)
    opted_out: bool = False
    erased: bool = False

    def address(self, channel: NoticeChannel) -> str | None:
        return self.openid if channel == "wechat" else self.phone

    @property
    def reachable(self) -> tuple[NoticeChannel, ...]:
        channels: tuple[NoticeChannel, ...] = ("wechat", "sms")
        return tuple(channel for channel in channels if self.address(channel))


NOBODY = Contact()


class Contacts:
    """intake's internal API, as the service that sends notices."""

    def __init__(self, http: httpx.AsyncClient, intake_url: str, token_file: Path) -> None:
        self._http, self._token_file = http, token_file
        self._url = f"{intake_url.rstrip('/')}/internal"

    async def of(self, person_ids: Collection[str], purpose: str) -> Mapping[str, Contact]:
        """Those who are known. The purpose is logged by intake. Raises Transient."""
        return await self._asked("contacts", person_ids, purpose, _contact)

    async def names(self, person_ids: Collection[str], purpose: str) -> Mapping[str, str | None]:
        """None for who is not known, or was erased. Logged by intake. Raises Transient."""
        return await self._asked("names", person_ids, purpose, _name) if person_ids else {}

    async def _asked(
        self,
        what: str,
        person_ids: Collection[str],
        purpose: str,
        read: Callable[[Mapping[str, Any]], T],
    ) -> dict[str, T]:
        try:
            reply = await self._http.post(
                f"{self._url}/{what}",
                json={"purpose": purpose, "person_ids": sorted(person_ids)},
                headers={"Authorization": f"Bearer {self._token_file.read_text().strip()}"},
                timeout=10,
            )
            reply.raise_for_status()
            return {row["person_id"]: read(row) for row in reply.json()[what]}
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake gives no {what}: {type(error).__name__}") from None


def _contact(row: Mapping[str, Any]) -> Contact:
    return Contact(row["phone"], row["openid"], bool(row["opted_out"]), bool(row["erased"]))


def _name(row: Mapping[str, Any]) -> str | None:
    name: str | None = row["name"]
    return name

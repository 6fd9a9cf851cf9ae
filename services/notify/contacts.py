"""Asks intake how persons can be reached, at the moment of sending; nothing is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.contracts.events import NoticeChannel
from shared.errors import Transient


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
        self._url = f"{intake_url.rstrip('/')}/internal/contacts"

    async def of(self, person_ids: Collection[str], purpose: str) -> Mapping[str, Contact]:
        """Those who are known. The purpose is logged by intake. Raises Transient."""
        try:
            reply = await self._http.post(
                self._url,
                json={"purpose": purpose, "person_ids": sorted(person_ids)},
                headers={"Authorization": f"Bearer {self._token_file.read_text().strip()}"},
                timeout=10,
            )
            reply.raise_for_status()
            return {row["person_id"]: _contact(row) for row in reply.json()["contacts"]}
        except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake gives no contacts: {type(error).__name__}") from None


def _contact(row: Mapping[str, Any]) -> Contact:
    return Contact(row["phone"], row["openid"], bool(row["opted_out"]), bool(row["erased"]))

"""Asks intake about persons, as one of our own services; nothing is stored here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import orjson

from shared.documents import Document
from shared.errors import Transient
from shared.http import CallError, HttpClient, Reply

T = TypeVar("T")

DONOR_NOTICE = "donor_notice"
"""The purpose of a look for a notice about what somebody gives: not to a phone that one of the
staff alone gave."""

NAMESAKES_MAX = 500
"""Of more, intake names one more than these, and whoever asked has to say more than a name."""


class PersonsClient:
    """intake's internal API, for the moment in which something is sent or shown."""

    def __init__(self, http: HttpClient, intake_url: str, token_file: Path) -> None:
        self._http, self._token_file = http, token_file
        self._url = f"{intake_url.rstrip('/')}/internal"

    async def find_names(
        self, person_ids: Collection[str], purpose: str, for_whom: str = ""
    ) -> Mapping[str, str | None]:
        """None for somebody unknown or erased. for_whom: whose looking it is, where it is staff's.

        Intake logs purpose and for_whom. Raises Transient.
        """
        return await self.fetch("names", person_ids, purpose, _parse_name, for_whom)

    async def find_unknown(self, person_ids: Collection[str]) -> frozenset[str]:
        """Those that name nobody, or somebody who was erased. Raises Transient."""
        answers = await self._ask("known", {"person_ids": sorted(person_ids)}, _parse_known)
        return frozenset(id_ for id_ in person_ids if not answers.get(id_, False))

    async def find_vouched(self, person_ids: Collection[str], by: str) -> frozenset[str]:
        """Those whom he met, or for whom he recorded anything; nobody, where intake is of a release
        that is not asked this yet: who asks is updated before it. Raises Transient."""
        if not person_ids:
            return frozenset()
        query = {"person_ids": sorted(person_ids), "by": by}
        answers = await self._ask("vouched", query, _parse_vouched, is_new=True)
        return frozenset(id_ for id_, vouched in answers.items() if vouched)

    async def find_phone_owners(self, phone: str) -> Sequence[str]:
        """Whose own phone it certainly is. Raises Transient."""
        query = {"phone": phone, "purpose": "giver_sign_in"}
        return list(await self._ask("phone-owners", query, bool))

    async def find_namesakes(self, name: str, for_whom: str) -> Sequence[str]:
        """Who is called so, or more than NAMESAKES_MAX of them. for_whom: the staff who look.

        Raises Transient.
        """
        query = {"name": name, "for_whom": for_whom}
        return list(await self._ask("namesakes", query, bool))

    async def find_preference(self, person_id: str) -> tuple[str | None, str]:
        """Which channel first, None for the usual order, and the language. Raises Transient."""
        rows = await self._ask("preferences", {"person_ids": [person_id]}, _parse_preference)
        return rows.get(person_id, (None, "zh"))

    async def set_preference(self, person_id: str, channel: str | None, language: str) -> None:
        """Raises Transient; nothing is changed then, or it is as he wanted."""
        wish = {"person_id": person_id, "channel": channel, "language": language}
        try:
            reply = await self._post("preference", wish)
        except (CallError, OSError) as error:
            raise Transient(f"intake takes no preference: {type(error).__name__}") from None
        if not reply.is_success:
            raise Transient(f"intake takes no preference: status {reply.status}")

    async def fetch(
        self,
        resource: str,
        person_ids: Collection[str],
        purpose: str,
        parse: Callable[[Mapping[str, object]], T],
        for_whom: str = "",
    ) -> dict[str, T]:
        """By person id. Raises Transient."""
        if not person_ids:
            return {}
        query = {"purpose": purpose, "person_ids": sorted(person_ids), "for_whom": for_whom}
        return await self._ask(resource, query, parse)

    async def _ask(
        self,
        resource: str,
        query: Mapping[str, object],
        parse: Callable[[Document], T],
        *,
        is_new: bool = False,
    ) -> dict[str, T]:
        """is_new: an intake of the release before has no such resource, and gives nothing."""
        try:
            reply = await self._post(resource, query)
            if is_new and reply.status == 404:
                return {}
            if not reply.is_success:
                raise ValueError(f"status {reply.status}")
            return {row["person_id"]: parse(row) for row in reply.json()[resource]}
        except (CallError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake gives no {resource}: {type(error).__name__}") from None

    async def _post(self, resource: str, query: Mapping[str, object]) -> Reply:
        return await self._http.post(
            f"{self._url}/{resource}",
            orjson.dumps(query),
            headers={
                "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                "Content-Type": "application/json",
            },
        )


def _parse_preference(row: Document) -> tuple[str | None, str]:
    return row["channel"], row["language"]


def _parse_name(row: Document) -> str | None:
    name: str | None = row["name"]
    return name


def _parse_known(row: Document) -> bool:
    return bool(row["known"])


def _parse_vouched(row: Document) -> bool:
    return bool(row["vouched"])

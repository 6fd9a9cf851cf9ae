"""A file's givers into intake's vault, in the name of who took the file in; their ids back."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from services.audit.statements.givers import (
    Registered,
    describe_givers,
    make_giver_key,
    read_answers,
    split_portions,
)
from services.audit.statements.reading import Gift
from shared.errors import Transient
from shared.http import CallError, HttpClient


class GiversClient:
    """intake's internal API. Remembers whom it registered for one file."""

    def __init__(self, http: HttpClient, intake_url: str, token_file: Path, for_whom: str) -> None:
        """for_whom: the credential of who took the file in."""
        self._http, self._token_file, self._for_whom = http, token_file, for_whom
        self._url = f"{intake_url.rstrip('/')}/internal/parties"
        self._registered: dict[str, Registered] = {}

    async def register(self, gifts: Sequence[Gift]) -> list[Registered]:
        """In order. Raises Transient."""
        keyed = {make_giver_key(gift): gift for gift in gifts}
        new = [(key, gift) for key, gift in keyed.items() if key not in self._registered]
        for portion in split_portions(new):
            self._registered.update(await self._ask(portion))
        return [self._registered[make_giver_key(gift)] for gift in gifts]

    async def _ask(self, portion: Sequence[tuple[str, Gift]]) -> Mapping[str, Registered]:
        query = {"for_whom": self._for_whom, "rows": describe_givers(portion)}
        headers = {
            "Authorization": f"Bearer {self._token_file.read_text().strip()}",
            "Content-Type": "application/json",
        }
        try:
            reply = await self._http.post(self._url, orjson.dumps(query), headers=headers)
            if not reply.is_success:
                raise ValueError(f"status {reply.status}")
            return read_answers(reply.json()["answers"])
        except (CallError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"intake takes no givers: {type(error).__name__}") from None

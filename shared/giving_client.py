"""Asks audit what a donor gave and where it stands on the log, for his own page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from shared.documents import Document
from shared.errors import Transient
from shared.http import CallError, HttpClient

TIMEOUT_S = 5.0
"""The page is shown without it after that."""


@dataclass(frozen=True, slots=True)
class Gift:
    """on: the day, as 2026-05-20. entry: the path of its page on the public ledger. receipt: of the
    proof of that entry, to take away. invoice: code and number of its 公益事业捐赠统一票据, if that
    is known."""

    on: str
    fund: str
    unit: str
    item: str
    quantity: int
    refunded_fen: int
    undone: bool
    entry: str
    receipt: str
    invoice: str = ""


@dataclass(frozen=True, slots=True)
class FundUse:
    """What one donor gave to a fund, ever, and what of it serves requests in his name."""

    fund: str
    received_fen: int
    used_fen: int
    unused_fen: int


@dataclass(frozen=True, slots=True)
class Giving:
    """entries: by match, the path of its page on the public ledger."""

    gifts: Sequence[Gift] = ()
    funds: Sequence[FundUse] = ()
    entries: Mapping[str, str] = field(default_factory=dict)


class GivingClient:
    """audit's internal API, for the moment in which the page is shown."""

    def __init__(self, http: HttpClient, audit_url: str, token_file: Path) -> None:
        self._http, self._token_file = http, token_file
        self._url = f"{audit_url.rstrip('/')}/internal/giving"

    async def fetch(self, donor_id: str, year: int, match_ids: Sequence[str]) -> Giving:
        """Raises Transient."""
        query = {"donor_id": donor_id, "year": year, "match_ids": list(match_ids)}
        try:
            reply = await self._http.post(
                self._url,
                orjson.dumps(query),
                headers={
                    "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                    "Content-Type": "application/json",
                },
                timeout_s=TIMEOUT_S,
            )
            if not reply.is_success:
                raise ValueError(f"status {reply.status}")
            return _parse_giving(reply.json())
        except (CallError, OSError, ValueError, KeyError, TypeError) as error:
            raise Transient(f"audit says nothing of gifts: {type(error).__name__}") from None


def _parse_giving(body: Document) -> Giving:
    return Giving(
        tuple(Gift(**row) for row in body["gifts"]),
        tuple(FundUse(**row) for row in body["funds"]),
        {row["match_id"]: row["path"] for row in body["entries"]},
    )

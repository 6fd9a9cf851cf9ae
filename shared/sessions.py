"""Asking intake, which keeps the sessions, whether one stands.

An answer is believed for a second, so a session that ended ends everywhere within one. While intake
does not answer, what it said last is believed for a minute: it may be starting again.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from shared.documents import Document
from shared.errors import Transient
from shared.http import CallError, HttpClient
from shared.security import Role
from shared.security.sessions import LiveSession

BELIEVED_S = 1.0
BELIEVED_ALONE_S = 60.0
REMEMBERED_MAX = 10_000
PATH = "/internal/sessions"


@dataclass(frozen=True, slots=True)
class _Answer:
    session: LiveSession | None
    at: float


class RemoteSessions:
    """What every service but intake uses."""

    def __init__(self, http: HttpClient, intake_url: str, token_file: Path) -> None:
        self._http = http
        self._url = f"{intake_url.rstrip('/')}{PATH}"
        self._token_file = token_file
        self._answers: dict[str, _Answer] = {}

    async def find(self, session_id: str) -> LiveSession | None:
        remembered = self._answers.get(session_id)
        if remembered and time.monotonic() - remembered.at < BELIEVED_S:
            return remembered.session
        try:
            session = await self._ask(session_id)
        except (CallError, OSError, ValueError, KeyError) as error:
            if remembered and time.monotonic() - remembered.at < BELIEVED_ALONE_S:
                return remembered.session
            raise Transient(f"sessions: {type(error).__name__}") from None
        if len(self._answers) >= REMEMBERED_MAX:
            self._answers.clear()
        self._answers[session_id] = _Answer(session, time.monotonic())
        return session

    async def _ask(self, session_id: str) -> LiveSession | None:
        bearer = self._token_file.read_text().strip()
        reply = await self._http.post(
            self._url,
            orjson.dumps({"session_id": session_id}),
            headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
        )
        if not reply.is_success:
            raise ValueError(reply.status)
        return read_answer(session_id, reply.json())


def describe_answer(session: LiveSession | None) -> dict[str, object]:
    """`{"credential_id"}`, empty where it has ended; with what counts of it where not all does."""
    if session is None or session.roles is None:
        return {"credential_id": session.credential_id if session else ""}
    rights = {"roles": sorted(session.roles), "area": session.area}
    return {"credential_id": session.credential_id, **rights}


def read_answer(session_id: str, answer: Document) -> LiveSession | None:
    """Raises KeyError or ValueError for what no intake says."""
    if not answer["credential_id"]:
        return None
    roles = frozenset(map(Role, answer["roles"])) if "roles" in answer else None
    return LiveSession(session_id, answer["credential_id"], roles, answer.get("area", ""))

"""Sessions: what a browser brings instead of a bearer, and what proves that a form is ours.

A cookie names a session and when it ends, under a MAC of the root key: nobody guesses or lengthens
one. Whether the session still stands, and whose it is, says who keeps the sessions (`Sessions`).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.security.credentials import STAFF, Credential, Role, Unauthenticated
from shared.security.roots import SealingKey

MAC_BYTES = 32
SESSION_PREFIX = "S-"
SIGNS_IN = STAFF | {Role.DONOR_PARTNER}
"""Whom a browser may sign in as; machines bring bearers."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that stands. credential_id: as whom; what that may do at most says the register.

    roles, area: what of it counts here; None where all of it does.
    """

    id: str
    credential_id: str
    roles: frozenset[Role] | None = None
    area: str = ""

    def narrow(self, credential: Credential) -> Credential:
        """As it may act in this session. Raises Unauthenticated where nothing is left."""
        if self.roles is None:
            return credential
        roles, area = credential.roles & self.roles, narrow_area(credential.area, self.area)
        if not roles or area is None:
            raise Unauthenticated
        return credential.model_copy(update={"roles": roles, "area": area})


def narrow_area(one: str, other: str) -> str | None:
    """The smaller of two where it lies in the other; None where neither does. Empty: the city."""
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None


class Sessions(Protocol):
    async def find(self, session_id: str) -> LiveSession | None:
        """None for one that has ended or never was. Raises Transient where nobody can say."""
        ...


class Keys(Protocol):
    """Part of a Keyring."""

    def list_sealing_keys(self, *path: str, anew: bool = False) -> tuple[SealingKey, ...]: ...


def make_cookie(keys: Keys, session_id: str, ends_at: datetime) -> str:
    body = json.dumps([session_id, int(ends_at.timestamp())], separators=(",", ":")).encode()
    mac = hmac.digest(keys.list_sealing_keys("sessions")[0].key, body, "sha256")
    return base64.urlsafe_b64encode(mac + body).rstrip(b"=").decode()


def open_cookie(keys: Keys, text: str, now: datetime) -> str:
    """The session's id. Raises Unauthenticated for what is forged, broken or over."""
    try:
        signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Unauthenticated from None
    mac, body = signed[:MAC_BYTES], signed[MAC_BYTES:]
    if not any(hmac.compare_digest(mac, hmac.digest(k, body, "sha256")) for k in _try(keys)):
        raise Unauthenticated
    session_id, ends_s = json.loads(body)
    if now.timestamp() >= ends_s:
        raise Unauthenticated
    return str(session_id)


def open_session_cookie(keys: Keys, text: str, now: datetime) -> str:
    """Of a session alone: cookies of other kinds are signed alike. Raises Unauthenticated."""
    session_id = open_cookie(keys, text, now)
    if not session_id.startswith(SESSION_PREFIX):
        raise Unauthenticated
    return session_id


def _try(keys: Keys) -> Iterator[bytes]:
    """Those at hand; then those that came meanwhile."""
    for anew in (False, True):
        yield from (key.key for key in keys.list_sealing_keys("sessions", anew=anew))


def make_form_token(keys: Keys, subject: str) -> str:
    """Stands in every form; subject: the session, or the visit of who is not signed in."""
    return _make_form_token(keys.list_sealing_keys("forms")[0].key, subject)


def is_form_token(keys: Keys, subject: str, token: str) -> bool:
    tokens = (_make_form_token(each.key, subject) for each in keys.list_sealing_keys("forms"))
    return any(hmac.compare_digest(each.encode(), token.encode()) for each in tokens)


def _make_form_token(key: bytes, subject: str) -> str:
    return hmac.new(key, subject.encode(), hashlib.sha256).hexdigest()[:40]

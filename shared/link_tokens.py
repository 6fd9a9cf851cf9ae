"""What a signed link says, and how it is written: a MAC and a line of JSON, in the path of a URL.

Links that were sent before say neither when they were made nor for whom; they open until they end.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime

from shared.moments import count_milliseconds

MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class LinkToken:
    """purpose: a row of `shared.contracts.links`. subject: the aggregate that it is about.

    expires_s, made_ms: since 1970; made_ms is 0 where the link does not say.
    holder: the person it was made for; empty where it does not say.
    parent: the id of the link on whose page it was made, which it ends with, or of the first one
    where that was made on a page itself; empty elsewhere.
    """

    purpose: str
    subject: str
    expires_s: int
    made_ms: int = 0
    holder: str = ""
    parent: str = ""

    @property
    def id(self) -> str:
        """Whatever spelling of it is opened; it opens nothing itself."""
        return f"L-{hashlib.sha256(self._write()).hexdigest()[:20]}"

    def has_expired(self, now: datetime) -> bool:
        return now.timestamp() >= self.expires_s

    def seal(self, key: bytes) -> str:
        body = self._write()
        signed = _sign(key, body) + body
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def _write(self) -> bytes:
        fields: list[str | int] = [self.purpose, self.subject, self.expires_s]
        if self.made_ms:
            fields += [self.made_ms, self.holder]
        if self.parent:
            fields.append(self.parent)
        return json.dumps(fields, separators=(",", ":")).encode()


def make_token(
    purpose: str,
    subject: str,
    expires_at: datetime,
    made_at: datetime,
    holder: str,
    parent: LinkToken | None = None,
) -> LinkToken:
    """Ends with its parent, if not before."""
    token = LinkToken(
        purpose, subject, int(expires_at.timestamp()), count_milliseconds(made_at), holder
    )
    if parent is None:
        return token
    first = parent.parent or parent.id
    return replace(token, expires_s=min(token.expires_s, parent.expires_s), parent=first)


def parse_token(key: bytes, text: str) -> LinkToken:
    """Raises ValueError for whatever was not sealed with this key."""
    signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    mac, body = signed[:MAC_BYTES], signed[MAC_BYTES:]
    if not hmac.compare_digest(mac, _sign(key, body)):
        raise ValueError("another key's")
    return LinkToken(*json.loads(body))


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:MAC_BYTES]

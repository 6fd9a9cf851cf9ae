"""Who is there: one register of credentials for people and partners, one root key for machines.

- `Authorization: Bearer gj_<id>_<secret>` at every HTTP edge. The register (a JSON file every
  service reads, `guanjia keys`) holds only SHA-256 of the secret (256 random bits), what it may do
  and where; revoking is a flag, seen within a second.
- A Kafka record carries `guanjia-signature`: HMAC-SHA256 of topic and value, by a key derived from
  the root key and the event's `source`. So nobody can speak in another's name, and `kcat` with
  `openssl dgst -sha256 -mac hmac` can publish.
- Donors and applicants come by a signed link that expires and names one aggregate and purpose.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.contracts import topics
from shared.contracts.values import Value
from shared.messages import SIGNATURE_WRONG, SOURCE_NOT_ALLOWED

SIGNATURE_HEADER = "guanjia-signature"


class Role(StrEnum):
    COLLECTOR = "collector"
    APPROVER_VILLAGE = "approver_village"
    APPROVER_TOWN = "approver_town"
    APPROVER_CITY = "approver_city"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    # machines and partners
    CHANNEL = "channel"
    DONOR_PARTNER = "donor_partner"
    BANK = "bank"
    SERVICE = "service"
    CALLBACK = "callback"


STAFF = frozenset(
    {
        Role.COLLECTOR,
        Role.APPROVER_VILLAGE,
        Role.APPROVER_TOWN,
        Role.APPROVER_CITY,
        Role.FINANCE_MAKER,
        Role.FINANCE_CHECKER,
        Role.AUDITOR,
        Role.OPERATOR,
    }
)

# What a foreign source may publish follows from its role.
PUBLISHES: dict[Role, str] = {
    Role.CHANNEL: topics.REQUESTS_INBOUND,
    Role.DONOR_PARTNER: topics.OFFERS_INBOUND,
    Role.BANK: topics.DONATIONS_INBOUND,
}


class Credential(Value):
    """area: the town or village code this one may see; empty is the whole city.

    source: the CloudEvents source it speaks as, `/channels/<id>` for a channel.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    secret_sha256: str
    roles: frozenset[Role]
    area: str = ""
    source: str = ""
    revoked: bool = False

    @property
    def speaks_as(self) -> str:
        """Whose idempotency keys and offers are its own."""
        return self.source or self.id

    def sees(self, town_code: str, village_code: str | None = None) -> bool:
        return (village_code or town_code).startswith(self.area)


class Unauthenticated(Exception):  # noqa: N818 - what the answer says
    """Nobody known is there."""


class Keyring:
    """The register and the root key, as one service reads them."""

    def __init__(self, secrets_dir: Path) -> None:
        self._register = secrets_dir / "credentials.json"
        self._root = (secrets_dir / "root.key").read_bytes()
        self._stamp = 0
        self._looked_at = 0.0
        self._by_id: dict[str, Credential] = {}
        self._by_source: dict[str, Credential] = {}
        self._derived: dict[str, bytes] = {}

    def derive_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose."""
        key = self._derived.get(purpose)
        if key is None:
            key = hmac.digest(self._root, purpose.encode(), "sha256")
            self._derived[purpose] = key
        return key

    def authenticate(self, bearer: str) -> Credential:
        """Raises Unauthenticated."""
        prefix, _, rest = bearer.partition("_")
        id_, _, secret = rest.partition("_")
        credential = self._read_current().get(id_)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        if prefix != "gj" or credential is None or credential.revoked:
            raise Unauthenticated
        if not hmac.compare_digest(digest, credential.secret_sha256):
            raise Unauthenticated
        return credential

    # --- records on topics ---

    def sign_record(self, source: str, topic: str, value: bytes) -> bytes:
        return sign_record(self.derive_key(f"source:{source}"), topic, value)

    def check_record(self, source: str, topic: str, value: bytes, signature: bytes | None) -> None:
        """Raises Invalid when `source` may not write there or did not write this."""
        if not self._may_publish(source, topic):
            raise SOURCE_NOT_ALLOWED.invalid("source", source=source, topic=topic)
        expected = self.sign_record(source, topic, value)
        if signature is None or not hmac.compare_digest(expected, signature):
            raise SIGNATURE_WRONG.invalid(SIGNATURE_HEADER, header=SIGNATURE_HEADER)

    def _may_publish(self, source: str, topic: str) -> bool:
        if topics.may_publish(source, topic):
            return True
        self._read_current()
        credential = self._by_source.get(source)
        if credential is None or credential.revoked:
            return False
        return any(PUBLISHES.get(role) == topic for role in credential.roles)

    # --- links for donors and applicants ---

    def make_link(self, purpose: str, subject: str, expires_at: datetime) -> str:
        """A token for a URL: what for, about which aggregate, until when."""
        body = json.dumps([purpose, subject, int(expires_at.timestamp())], separators=(",", ":"))
        mac = hmac.digest(self.derive_key("links"), body.encode(), "sha256")[:16]
        return base64.urlsafe_b64encode(mac + body.encode()).rstrip(b"=").decode()

    def open_link(self, purpose: str, token: str, now: datetime) -> str:
        """The subject the link speaks of. Raises Unauthenticated."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            expected = hmac.digest(self.derive_key("links"), raw[16:], "sha256")[:16]
            if not hmac.compare_digest(raw[:16], expected):
                raise Unauthenticated
            link_purpose, subject, expires = json.loads(raw[16:])
        except ValueError:
            raise Unauthenticated from None
        if link_purpose != purpose or now.timestamp() >= expires:
            raise Unauthenticated
        return str(subject)

    # --- the register file ---

    def _read_current(self) -> dict[str, Credential]:
        now = time.monotonic()
        if now - self._looked_at > 0.5:
            self._looked_at = now
            stamp = self._register.stat().st_mtime_ns
            if stamp != self._stamp:
                self._stamp = stamp
                self._by_id = {c.id: c for c in read_register(self._register)}
                self._by_source = {c.source: c for c in self._by_id.values() if c.source}
        return self._by_id


def sign_record(key: bytes, topic: str, value: bytes) -> bytes:
    """Hex HMAC-SHA256 over `topic`, a newline and the record's value."""
    return hmac.digest(key, topic.encode() + b"\n" + value, "sha256").hex().encode()


def publisher_key(root: bytes, source: str) -> bytes:
    """The signing key handed to a foreign publisher: derived, so the house stores none."""
    return hmac.digest(root, f"source:{source}".encode(), "sha256")


def read_register(file: Path) -> tuple[Credential, ...]:
    return tuple(Credential.model_validate(c) for c in json.loads(file.read_bytes()))


def write_register(file: Path, credentials: tuple[Credential, ...]) -> None:
    rows = [c.model_dump(mode="json") for c in credentials]
    _write_private(file, json.dumps(rows, ensure_ascii=False, indent=1).encode())


def issue(file: Path, credential: Credential) -> str:
    """Adds or replaces a credential with a fresh secret; returns the bearer, shown only once."""
    secret = secrets.token_hex(32)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    fresh = credential.model_copy(update={"secret_sha256": hashed, "revoked": False})
    others = tuple(c for c in _read_existing(file) if c.id != credential.id)
    write_register(file, (*others, fresh))
    return f"gj_{credential.id}_{secret}"


def revoke(file: Path, id_: str) -> bool:
    """Whether there was such a credential."""
    existing = _read_existing(file)
    write_register(
        file, tuple(c.model_copy(update={"revoked": True}) if c.id == id_ else c for c in existing)
    )
    return any(c.id == id_ for c in existing)


def _read_existing(file: Path) -> tuple[Credential, ...]:
    return read_register(file) if file.exists() else ()


def _write_private(file: Path, content: bytes) -> None:
    """0600 and atomic: a reader sees the old register or the new one."""
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
    part.replace(file)


def create_root_key(secrets_dir: Path) -> None:
    """At first start: the root key. Credentials are issued by `deploy.local.credentials`."""
    secrets_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = secrets_dir / "root.key"
    if not root.exists():
        _write_private(root, secrets.token_bytes(32))

"""Who is there: one register of credentials for people and partners, one root key for machines.

- `Authorization: Bearer gj_<id>_<secret>` at every HTTP edge. The register (a JSON file every
  service reads, `guanjia keys`) holds only SHA-256 of the secret (256 random bits), what it may do
  and where; revoking is a flag, seen within a second. A credential may end by itself. It belongs
  to a holder: two credentials of one human are one human wherever two people are needed.
- A Kafka record carries `guanjia-signature`: HMAC-SHA256 of topic and value, by a key derived from
  the root key, the event's `source` and a salt, of which a source may have several while its key
  changes. So nobody can speak in another's name, and `kcat` with `openssl dgst -sha256 -mac hmac`
  can publish.
- Donors and applicants come by a signed link that expires and names one aggregate and purpose.
"""

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shared.clock import Clock, system_now
from shared.contracts import topics
from shared.contracts.values import Moment, Value
from shared.link_tokens import LinkToken, make_token, parse_token
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


class PublisherKey(Value):
    """One key of a source. The key is derived; the register holds its salt and its end alone.

    salt: empty for the first key of a source. valid_until: None while no other key takes over.
    """

    salt: str = ""
    valid_until: Moment | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.valid_until is None or now < self.valid_until


FIRST_KEY = PublisherKey()


class Credential(Value):
    """area: the town or village code this one may see; empty is the whole city.

    source: the CloudEvents source it speaks as, `/channels/<id>` for a channel.
    holder: the human it belongs to, by a staff number (it stands on the ledger); empty: its own id.
    publisher_keys: what its source may sign with, the newest last.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    secret_sha256: str
    roles: frozenset[Role]
    area: str = ""
    source: str = ""
    holder: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,60}$")] = ""
    expires_at: Moment | None = None
    revoked: bool = False
    publisher_keys: tuple[PublisherKey, ...] = (FIRST_KEY,)

    @property
    def principal(self) -> str:
        """Who acts: the same for all credentials of one human."""
        return self.holder or self.id

    @property
    def speaks_as(self) -> str:
        """Whose idempotency keys and offers are its own."""
        return self.source or self.id

    @property
    def may_publish(self) -> bool:
        """Whether any of its roles speaks on a topic."""
        return bool(self.source) and not self.roles.isdisjoint(PUBLISHES)

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def is_valid(self, now: datetime) -> bool:
        return not self.revoked and not self.has_expired(now)

    def list_valid_keys(self, now: datetime) -> tuple[PublisherKey, ...]:
        """What its records may be signed with, the newest last; none of one that is not valid."""
        if not self.is_valid(now):
            return ()
        return tuple(key for key in self.publisher_keys if key.is_valid(now))

    def sees(self, town_code: str, village_code: str | None = None) -> bool:
        return (village_code or town_code).startswith(self.area)


class Unauthenticated(Exception):  # noqa: N818 - what the answer says
    """Nobody known is there."""


class Keyring:
    """The register and the root key, as one service reads them."""

    def __init__(self, secrets_dir: Path, clock: Clock = system_now) -> None:
        self._register = secrets_dir / "credentials.json"
        self._clock = clock
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
        if prefix != "gj" or credential is None or not credential.is_valid(self._clock()):
            raise Unauthenticated
        if not hmac.compare_digest(digest, credential.secret_sha256):
            raise Unauthenticated
        return credential

    # --- records on topics ---

    def sign_record(self, source: str, topic: str, value: bytes) -> bytes:
        """By the source's newest key, valid or not."""
        newest = self._find_newest_key(source, topic)
        return sign_record(self._derive_publisher_key(source, newest), topic, value)

    def check_record(self, source: str, topic: str, value: bytes, signature: bytes | None) -> None:
        """Raises Invalid when `source` may not write there or did not write this."""
        keys = self._list_keys(source, topic)
        if not keys:
            raise SOURCE_NOT_ALLOWED.invalid("source", source=source, topic=topic)
        signatures = (
            sign_record(self._derive_publisher_key(source, key), topic, value) for key in keys
        )
        if signature is None or not any(hmac.compare_digest(s, signature) for s in signatures):
            raise SIGNATURE_WRONG.invalid(SIGNATURE_HEADER, header=SIGNATURE_HEADER)

    def find_publisher_key(self, source: str) -> bytes | None:
        """The newest key with which a foreign source may sign now; None where it may not."""
        self._read_current()
        credential = self._by_source.get(source)
        keys = credential.list_valid_keys(self._clock()) if credential else ()
        if not keys or not credential or not credential.may_publish:
            return None
        return self._derive_publisher_key(source, keys[-1])

    def _find_newest_key(self, source: str, topic: str) -> PublisherKey:
        if topic in topics.BY_NAME and topics.may_publish(source, topic):
            return FIRST_KEY
        self._read_current()
        credential = self._by_source.get(source)
        keys = credential.publisher_keys if credential else ()
        return keys[-1] if keys else FIRST_KEY

    def _list_keys(self, source: str, topic: str) -> tuple[PublisherKey, ...]:
        """What a record of `source` on `topic` may be signed with now, the newest last."""
        if topics.may_publish(source, topic):
            return (FIRST_KEY,)
        self._read_current()
        credential = self._by_source.get(source)
        if credential is None or all(PUBLISHES.get(role) != topic for role in credential.roles):
            return ()
        return credential.list_valid_keys(self._clock())

    def _derive_publisher_key(self, source: str, key: PublisherKey) -> bytes:
        return self.derive_key(_name_publisher_key(source, key.salt))

    # --- links for donors and applicants ---

    def make_link(
        self,
        purpose: str,
        subject: str,
        expires_at: datetime,
        made_at: datetime | None = None,
        holder: str = "",
    ) -> str:
        """A token for a URL: what for, about which aggregate, until when, since when, for whom.

        made_at: links of one subject and person that were made before they were revoked are dead.
        """
        token = make_token(purpose, subject, expires_at, made_at or self._clock(), holder)
        return token.seal(self.derive_key("links"))

    def open_link(self, purpose: str, token: str, now: datetime) -> LinkToken:
        """What a link says that is for this and not over. Raises Unauthenticated."""
        link = self.read_link(token)
        if link.purpose != purpose or link.has_expired(now):
            raise Unauthenticated
        return link

    def read_link(self, token: str) -> LinkToken:
        """What a link of ours says, over or not. Raises Unauthenticated."""
        try:
            return parse_token(self.derive_key("links"), token)
        except ValueError:
            raise Unauthenticated from None

    def is_partner_gone(self, source: str) -> bool:
        """Whether nobody may speak as this source any more.

        What staff registered stands when they leave: they spoke for the house.
        """
        by_id = self._read_current()
        credential = self._by_source.get(source) or by_id.get(source)
        if credential is None:
            return True
        return bool(credential.source) and not credential.is_valid(self._clock())

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


def publisher_key(root: bytes, source: str, salt: str = "") -> bytes:
    """The signing key handed to a foreign publisher: derived, so the house stores none."""
    return hmac.digest(root, _name_publisher_key(source, salt).encode(), "sha256")


def _name_publisher_key(source: str, salt: str) -> str:
    """What the key is derived for. The newline keeps source and salt apart."""
    return f"source:{source}\n{salt}" if salt else f"source:{source}"


def read_register(file: Path) -> tuple[Credential, ...]:
    return tuple(Credential.model_validate(c) for c in json.loads(file.read_bytes()))


def write_register(file: Path, credentials: tuple[Credential, ...]) -> None:
    rows = [c.model_dump(mode="json") for c in credentials]
    _write_private(file, json.dumps(rows, ensure_ascii=False, indent=1).encode())


def issue(file: Path, credential: Credential, *, keeps_publisher_keys: bool = False) -> str:
    """Adds or replaces a credential with a fresh secret; returns the bearer, shown only once.

    Replacing ends the keys of its source too, unless `keeps_publisher_keys`, and leaves its holder
    where none is named: nobody becomes a second human by a new secret.
    """
    secret = secrets.token_hex(32)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    fresh = credential.model_copy(update={"secret_sha256": hashed, "revoked": False})
    existing = {c.id: c for c in _read_existing(file)}
    replaced = existing.pop(credential.id, None)
    if replaced:
        keys = replaced.publisher_keys if keeps_publisher_keys else (make_publisher_key(),)
        holder = credential.holder or replaced.holder
        fresh = fresh.model_copy(update={"publisher_keys": keys, "holder": holder})
    write_register(file, (*existing.values(), fresh))
    return f"gj_{credential.id}_{secret}"


def revoke(file: Path, id_: str) -> bool:
    """Whether there was such a credential."""
    return _change(file, lambda c: c.id == id_, lambda c: c.model_copy(update={"revoked": True}))


def make_publisher_key() -> PublisherKey:
    return PublisherKey(salt=secrets.token_hex(16))


def rotate_publisher(file: Path, source: str, ends_at: datetime) -> bool:
    """A new key for a source; those it has end at `ends_at`. Whether there was such a source."""

    def rotate(credential: Credential) -> Credential:
        ending = (
            key if key.valid_until and key.valid_until < ends_at else _end_key(key, ends_at)
            for key in credential.publisher_keys
        )
        return credential.model_copy(update={"publisher_keys": (*ending, make_publisher_key())})

    return _change(file, lambda c: c.source == source, rotate)


def _end_key(key: PublisherKey, at: datetime) -> PublisherKey:
    return key.model_copy(update={"valid_until": at})


def revoke_publisher(file: Path, source: str) -> bool:
    """Ends every key of a source; its credential still comes in. Whether there was such one."""
    return _change(
        file,
        lambda c: c.source == source,
        lambda c: c.model_copy(update={"publisher_keys": ()}),
    )


def _change(
    file: Path,
    is_meant: Callable[[Credential], bool],
    change: Callable[[Credential], Credential],
) -> bool:
    """Whether there was one that was meant."""
    existing = _read_existing(file)
    write_register(file, tuple(change(c) if is_meant(c) else c for c in existing))
    return any(is_meant(c) for c in existing)


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

"""The register and the root keys, as one service reads them: both again within a second."""

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import SecretStr

from shared.clock import Clock, system_now
from shared.contracts import topics
from shared.link_tokens import LinkToken, make_token, parse_token
from shared.messages import SIGNATURE_WRONG, SOURCE_NOT_ALLOWED
from shared.security.credentials import (
    FIRST_KEY,
    PUBLISHES,
    Credential,
    PublisherKey,
    Unauthenticated,
)
from shared.security.register import REGISTER, read_register
from shared.security.roots import Root, RootError, Roots, SealingKey, read_roots, stamp_roots
from shared.security.signatures import SIGNATURE_HEADER, name_publisher_key, sign_record

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
LINKS = "links"


class Keyring:
    """What comes in is checked by the current root and the one before, what goes out has the
    current one.

    Files do not reach every process in the same moment. What does not fit the keys at hand is
    tried again after another look, so that nothing is refused that was signed a moment ago.
    """

    def __init__(self, secrets_dir: Path, clock: Clock = system_now) -> None:
        self._register = secrets_dir / REGISTER
        self._secrets_dir = secrets_dir
        self._clock = clock
        self._roots = read_roots(secrets_dir)
        self._roots_stamp: tuple[object, ...] = ()
        self._roots_looked_at = 0.0
        self._register_stamp = 0
        self._register_looked_at = 0.0
        self._by_id: dict[str, Credential] = {}
        self._by_source: dict[str, Credential] = {}
        self._used: set[str] = set()
        # Who still signs with the old root, and when last: for the people who retire it.
        self.late_signers: dict[str, datetime] = {}

    @property
    def roots(self) -> Roots:
        """As they are now."""
        if time.monotonic() - self._roots_looked_at > LOOK_EVERY_S:
            self._look_at_roots()
        return self._roots

    def derive_identity_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, the same for ever: for ids and digests, not for secrets
        that a rotation should change."""
        return self._roots.identity.derive(purpose)

    def reveal_provider_secret(self, secret: SecretStr, purpose: str) -> str:
        """An account without a secret is a simulator's: both sides derive the same one."""
        return secret.get_secret_value() or self.derive_identity_key(purpose).hex()[:32]

    def list_sealing_keys(self, *path: str, anew: bool = False) -> tuple[SealingKey, ...]:
        """What seals for a purpose, then what may have sealed. anew: after another look."""
        if anew:
            self._look_at_roots()
        return self.roots.derive_sealing_keys(*path)

    def authenticate(self, bearer: str) -> Credential:
        """Raises Unauthenticated."""
        prefix, _, rest = bearer.partition("_")
        id_, _, secret = rest.partition("_")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        for _ in self._try_keys():
            credential = self._by_id.get(id_)
            if prefix != "gj" or credential is None or not credential.is_valid(self._clock()):
                continue
            if hmac.compare_digest(digest, credential.secret_sha256):
                self.note_use(id_)
                return credential
        raise Unauthenticated

    def require_credential(self, id_: str) -> Credential:
        """By its id, as whom somebody is signed in. Raises Unauthenticated where it has ended."""
        credential = self._read_register().get(id_)
        if credential is None or not credential.is_valid(self._clock()):
            raise Unauthenticated
        return credential

    def list_credentials(self) -> tuple[Credential, ...]:
        """All of the register, those that have ended too."""
        return tuple(self._read_register().values())

    def find_credential(self, speaks_as: str) -> Credential | None:
        """Whoever speaks as this source or, having none, by this id; also one that has ended."""
        by_id = self._read_register().get(speaks_as)
        return self._by_source.get(speaks_as) or (by_id if by_id and not by_id.source else None)

    def note_use(self, id_: str) -> None:
        """That a credential was used: `shared/credential_uses.py` writes when."""
        self._used.add(id_)

    def take_uses(self) -> frozenset[str]:
        """Those that were used since this was called before."""
        used = frozenset(self._used)
        self._used.clear()
        return used

    # --- records on topics ---

    def sign_record(self, source: str, topic: str, value: bytes) -> bytes:
        """By the source's newest key, valid or not."""
        newest = self._find_newest_key(source, topic)
        key = _derive_publisher_key(self.roots.current, source, newest)
        return sign_record(key, topic, value)

    def check_record(self, source: str, topic: str, value: bytes, signature: bytes | None) -> None:
        """Raises Invalid when `source` may not write there or did not write this."""
        for _ in self._try_keys():
            keys = self._list_keys(source, topic)
            for root in self._roots.accepted:
                if _is_signed(root, keys, source, topic, value, signature):
                    self._note_signer(root, source)
                    if credential := self._by_source.get(source):
                        self.note_use(credential.id)
                    return
        if not keys:
            raise SOURCE_NOT_ALLOWED.invalid("source", source=source, topic=topic)
        raise SIGNATURE_WRONG.invalid(SIGNATURE_HEADER, header=SIGNATURE_HEADER)

    def _note_signer(self, root: Root, source: str) -> None:
        if root is self._roots.previous:
            self.late_signers[source] = self._clock()

    def find_publisher_key(self, source: str) -> bytes | None:
        """The newest key with which a foreign source may sign now; None where it may not."""
        self._read_register()
        credential = self._by_source.get(source)
        keys = credential.list_valid_keys(self._clock()) if credential else ()
        if not keys or not credential or not credential.may_publish:
            return None
        return _derive_publisher_key(self.roots.current, source, keys[-1])

    def _find_newest_key(self, source: str, topic: str) -> PublisherKey:
        if topic in topics.BY_NAME and topics.may_publish(source, topic):
            return FIRST_KEY
        self._read_register()
        credential = self._by_source.get(source)
        keys = credential.publisher_keys if credential else ()
        return keys[-1] if keys else FIRST_KEY

    def _list_keys(self, source: str, topic: str) -> tuple[PublisherKey, ...]:
        """What a record of `source` on `topic` may be signed with now, the newest last."""
        if topics.may_publish(source, topic):
            return (FIRST_KEY,)
        self._read_register()
        credential = self._by_source.get(source)
        if credential is None or all(PUBLISHES.get(role) != topic for role in credential.roles):
            return ()
        return credential.list_valid_keys(self._clock())

    # --- links for donors and applicants ---

    def make_link(
        self,
        purpose: str,
        subject: str,
        expires_at: datetime,
        made_at: datetime | None = None,
        holder: str = "",
        parent: LinkToken | None = None,
    ) -> str:
        """A token for a URL: what for, about which aggregate, until when, since when, for whom.

        made_at: links of one subject and person that were made before they were revoked are dead.
        parent: the link on whose page it stands.
        """
        token = make_token(purpose, subject, expires_at, made_at or self._clock(), holder, parent)
        return token.seal(self.roots.current.derive(LINKS))

    def open_link(self, purpose: str, token: str, now: datetime) -> LinkToken:
        """What a link says that is for this and not over. Raises Unauthenticated."""
        link = self.read_link(token)
        if link.purpose != purpose or link.has_expired(now):
            raise Unauthenticated
        return link

    def read_link(self, token: str) -> LinkToken:
        """What a link of ours says, over or not. Raises Unauthenticated."""
        for roots in self._try_roots():
            for root in roots.accepted:
                with suppress(ValueError):
                    return parse_token(root.derive(LINKS), token)
        raise Unauthenticated

    def is_partner_gone(self, source: str) -> bool:
        """Whether nobody may speak as this source any more.

        What staff registered stands when they leave: they spoke for the organisation.
        """
        by_id = self._read_register()
        credential = self._by_source.get(source) or by_id.get(source)
        if credential is None:
            return True
        return bool(credential.source) and not credential.is_valid(self._clock())

    # --- the files ---

    def _try_roots(self) -> Iterator[Roots]:
        """Those at hand; then those that came meanwhile, if others did."""
        before = self.roots
        yield before
        self._look_at_roots()
        if self._roots is not before:
            yield self._roots

    def _try_keys(self) -> Iterator[None]:
        """As `_try_roots`, of the register too."""
        before = (self.roots, self._read_register())
        yield
        self._look_at_roots()
        self._look_at_register()
        if self._roots is not before[0] or self._by_id is not before[1]:
            yield

    def _look_at_roots(self) -> None:
        self._roots_looked_at = time.monotonic()
        # The stamp first: what is replaced while it is read is read again at the next look.
        stamp = stamp_roots(self._secrets_dir)
        if stamp == self._roots_stamp:
            return
        try:
            self._roots = read_roots(self._secrets_dir)
        except (RootError, OSError) as error:  # somebody copies them: go on with those at hand
            log.error("root_keys_unreadable", error=str(error))
            return
        self._roots_stamp = stamp
        self.late_signers = {}

    def _read_register(self) -> dict[str, Credential]:
        if time.monotonic() - self._register_looked_at > LOOK_EVERY_S:
            self._look_at_register()
        return self._by_id

    def _look_at_register(self) -> None:
        self._register_looked_at = time.monotonic()
        stamp = self._register.stat().st_mtime_ns
        if stamp != self._register_stamp:
            self._register_stamp = stamp
            self._by_id = {c.id: c for c in read_register(self._register)}
            self._by_source = {c.source: c for c in self._by_id.values() if c.source}


def _derive_publisher_key(root: Root, source: str, key: PublisherKey) -> bytes:
    return root.derive(name_publisher_key(source, key.salt))


def _is_signed(
    root: Root,
    keys: tuple[PublisherKey, ...],
    source: str,
    topic: str,
    value: bytes,
    signature: bytes | None,
) -> bool:
    if signature is None:
        return False
    expected = (sign_record(_derive_publisher_key(root, source, k), topic, value) for k in keys)
    return any(hmac.compare_digest(each, signature) for each in expected)

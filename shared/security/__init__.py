"""Who is there: one register of credentials for people and partners, root keys for machines.

- `Authorization: Bearer gj_<id>_<secret>` at every HTTP edge. The register (a JSON file every
  service reads, `guanjia keys`) holds only SHA-256 of the secret (256 random bits), what it may do
  and where; revoking is a flag, seen within a second. A credential may end by itself. It belongs
  to a holder: two credentials of one human are one human wherever two people are needed.
- A Kafka record carries `guanjia-signature`: HMAC-SHA256 of topic and value, by a key derived from
  a root key, the event's `source` and a salt, of which a source may have several while its key
  changes. So nobody can speak in another's name, and `kcat` with `openssl dgst -sha256 -mac hmac`
  can publish.
- Donors and applicants come by a signed link that expires and names one aggregate and purpose.
- The root key rotates: the new one signs and seals, the old one is read until it is retired.
"""

from shared.security.credentials import (
    PUBLISHES,
    STAFF,
    Credential,
    PublisherKey,
    Role,
    Unauthenticated,
)
from shared.security.keyring import Keyring
from shared.security.register import (
    REGISTER,
    issue,
    read_register,
    revoke,
    revoke_publisher,
    rotate_publisher,
    write_register,
)
from shared.security.roots import RootError, SealingKey, create_root_key, retire_root, rotate_root
from shared.security.signatures import SIGNATURE_HEADER, derive_publisher_key, sign_record

__all__ = [
    "PUBLISHES",
    "REGISTER",
    "SIGNATURE_HEADER",
    "STAFF",
    "Credential",
    "Keyring",
    "PublisherKey",
    "Role",
    "RootError",
    "SealingKey",
    "Unauthenticated",
    "create_root_key",
    "derive_publisher_key",
    "issue",
    "read_register",
    "retire_root",
    "revoke",
    "revoke_publisher",
    "rotate_publisher",
    "rotate_root",
    "sign_record",
    "write_register",
]

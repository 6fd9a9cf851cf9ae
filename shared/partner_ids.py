"""The ids of persons as each partner knows them: his own, and no other's.

A partner's id is the person's id under AES-SIV, with the partner's source as associated data. So it
needs no table, is always the same for him, opens for nobody else, and two partners' ids of one
person have nothing in common. It is translated at the edge, in both directions; behind the edge
there are only our internal ids.
"""

import base64
from collections.abc import Mapping
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from shared.messages import DONOR_FOREIGN
from shared.security import STAFF, Credential, Keyring, Role

PREFIX = "PT-"


class UnknownPartnerId(Exception):  # noqa: N818 - what the answer says
    """No id that this partner was given."""


class PartnerIds:
    """key: 32 bytes. Pure."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    @classmethod
    def of(cls, keyring: Keyring) -> Self:
        return cls(keyring.derive_identity_key("partner-ids"))

    def hide(self, source: str, person_id: str) -> str:
        """The id by which this source knows the person."""
        sealed = self._cipher.encrypt(person_id.encode(), [source.encode()])
        return PREFIX + base64.b32encode(sealed).decode().rstrip("=").lower()

    def reveal(self, source: str, partner_id: str) -> str:
        """The person's own id. Raises UnknownPartnerId."""
        text = partner_id.removeprefix(PREFIX).upper()
        try:
            sealed = base64.b32decode(text + "=" * (-len(text) % 8))
            return self._cipher.decrypt(sealed, [source.encode()]).decode()
        except (InvalidTag, ValueError):
            raise UnknownPartnerId from None

    def reveal_donor(self, source: str, donor_id: str) -> str:
        """The same, where it is answered. Raises Invalid."""
        try:
            return self.reveal(source, donor_id)
        except UnknownPartnerId:
            raise DONOR_FOREIGN.invalid("donor_id") from None


def reveal_donor(keyring: Keyring, caller: Credential, donor_id: str) -> str:
    """Our id of a donor whom the caller names. Raises Invalid for an id not his."""
    if not is_partner(caller):
        return donor_id
    return PartnerIds.of(keyring).reveal_donor(caller.speaks_as, donor_id)


def hide_donor(
    keyring: Keyring, caller: Credential, view: Mapping[str, object]
) -> dict[str, object]:
    """The view with the caller's id of its donor."""
    if "donor_id" not in view or not is_partner(caller):
        return dict(view)
    donor_id = PartnerIds.of(keyring).hide(caller.speaks_as, str(view["donor_id"]))
    return {**view, "donor_id": donor_id}


def is_partner(credential: Credential) -> bool:
    """Whether it belongs to somebody outside the organisation, who gets ids of his own.

    Who gives is outside in whatever else he does.
    """
    inside = not credential.roles.isdisjoint({*STAFF, Role.SERVICE})
    return Role.DONOR_PARTNER in credential.roles or not inside

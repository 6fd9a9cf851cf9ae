"""WeChat's access token as it is stored, and who fetches another. docs/decisions/0226."""

from datetime import datetime
from typing import ClassVar

from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State

RENEWED_BEFORE_END_S = 240.0
"""The old and the new token both work in the last five minutes."""


class WeChatToken(State):
    """Of one account. id: its appid. sealed: the token, by the root's key. digest: to know it by.

    holder, leased_until: who fetches another now.
    """

    COLLECTION: ClassVar[str] = "wechat_tokens"

    sealed: str = ""
    digest: str = ""
    ends_at: datetime | None = None
    holder: str = ""
    leased_until: datetime | None = None


class LeaseToken(Value):
    """Asks for a token, or for leave to fetch one. rejected: digest of one that WeChat refused."""

    appid: Identifier
    holder: Identifier
    rejected: str = ""


class StoreToken(Value):
    """What the holder of the lease fetched; sealed empty: nothing came."""

    appid: Identifier
    holder: Identifier
    sealed: str = ""
    digest: str = ""
    ends_at: datetime | None = None

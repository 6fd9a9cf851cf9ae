"""Who signs in: an account is a second way in for a credential of the register, and its sessions.

What it may do and where stands in the register alone; here is how a human proves that it is he.
"""

from datetime import datetime
from typing import ClassVar

from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State
from shared.moments import count_milliseconds
from shared.security.credentials import Role


class Account(State):
    """id: of the credential. password_hash: argon2id. totp: the sealed secret of its codes.

    totp: empty where no second factor is asked for. totp_step: the last code that was used.
    sessions_since: those that began before have ended.
    identity_id: of the organisation's own sign-in, which then proves who it is instead of a
    password; `password_hash` is empty.
    """

    COLLECTION: ClassVar[str] = "accounts"

    password_hash: str
    password_at: datetime
    totp: bytes = b""
    totp_step: int = 0
    enrolled_at: datetime
    signed_in_at: datetime | None = None
    sessions_since: datetime
    identity_id: str = ""

    def is_invited_again(self, invited_ms: int) -> bool:
        """Whether the invitation is newer than the enrolment."""
        return invited_ms > count_milliseconds(self.enrolled_at)


class LinkedIdentity(State):
    """Somebody of the organisation's own sign-in, and whose account that is. It counts as long as
    the account names it too.

    id: keyed digest of issuer and subject.
    """

    COLLECTION: ClassVar[str] = "linked_identities"

    account_id: str
    linked_at: datetime


class Session(State):
    """One browser of one account.

    ends_at: then it is deleted. idle_at: ended unless it is used before. roles, area: what counts
    of its account's; None where all does.
    """

    COLLECTION: ClassVar[str] = "sessions"

    account_id: str
    began_at: datetime
    ends_at: datetime
    idle_at: datetime
    ended_at: datetime | None = None
    roles: tuple[Role, ...] | None = None
    area: str = ""

    def stands(self, account: Account | None, now: datetime) -> bool:
        if account is None or self.began_at < account.sessions_since:
            return False
        return self.ended_at is None and now < min(self.ends_at, self.idle_at)


class SignInTally(State):
    """Failures in a row under one name, whether there is such an account or not.

    id: keyed digest of the name; behind a dot, of a browser whose failures are counted apart.
    ends_at: then it is deleted.
    """

    COLLECTION: ClassVar[str] = "sign_in_tallies"

    failures: int = 0
    locked_until: datetime | None = None
    ends_at: datetime

    @property
    def name_id(self) -> str:
        """The same for all browsers of a name."""
        return self.id.partition(".")[0]

    def is_locked(self, now: datetime) -> bool:
        return self.find_lock(now) is not None

    def find_lock(self, now: datetime) -> datetime | None:
        """Until when nobody may try; None where one may."""
        until = self.locked_until
        return until if until is not None and now < until else None


# --- commands -------------------------------------------------------------------------------------


class EnrolAccount(Value):
    """invited_ms: when the invitation was made; an older one than the last enrolment is used up."""

    account_id: Identifier
    invited_ms: int
    password_hash: str
    totp: bytes
    totp_step: int


class LinkAccount(Value):
    """An invitation is taken with the organisation's own sign-in instead of a password.

    released_id: the account that this identity was linked to when it was read, where that may not
    sign in any more.
    """

    account_id: Identifier
    invited_ms: int
    identity_id: str
    released_id: str = ""


class Proof(Value):
    """What somebody showed, checked before.

    account_id: as he typed it, so that any words are answered alike. verified_hash: that his
    password fits, empty where it fits none. totp_step: that his code is of, 0 where of none.
    """

    account_id: str
    tally_id: str
    verified_hash: str
    totp_step: int


class SignIn(Value):
    proof: Proof
    session_id: str


class SignInByOrganisation(Value):
    """The organisation's own sign-in says who it is. roles, area: as of a session."""

    account_id: Identifier
    identity_id: str
    session_id: str
    roles: tuple[Role, ...] | None = None
    area: str = ""


class ChangePassword(Value):
    """By who proves who he is; all his sessions end."""

    proof: Proof
    password_hash: str


class TouchSession(Value):
    """It is used: it idles later."""

    session_id: str


class EndSession(Value):
    session_id: str


class EndSessions(Value):
    """All of one account, everywhere."""

    account_id: Identifier


class UnlockAccount(Value):
    tally_id: str

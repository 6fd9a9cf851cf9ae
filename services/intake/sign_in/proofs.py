"""Passwords (argon2id) and one-time codes (TOTP, RFC 6238): made, checked, sealed."""

import asyncio
import base64
import hmac
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from services.intake.model.account import Account, Proof
from services.intake.sign_in.messages import (
    CODE_WRONG,
    PASSWORD_GUESSABLE,
    PASSWORD_SHORT,
    PASSWORDS_DIFFERENT,
)
from shared.documents import Document
from shared.messaging.resealing import SealedCollection, SealedValue
from shared.messaging.sealing import Sealer, UnreadableError
from shared.security import Keyring, Unauthenticated
from shared.security.sessions import Keys, make_cookie, open_cookie

ISSUER = "Guanjia"
STEP_S = 30
STEPS_EITHER_SIDE = 1
PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 10, 200
DEVICE_LASTS = timedelta(days=180)
HASHING_AT_A_TIME = 2
"""Each takes 64 MB and a core for a moment; others wait."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody types to prove that he is the one."""

    account_id: str
    password: str
    code: str


def make_totp_sealer(keyring: Keyring) -> Sealer:
    return Sealer(partial(keyring.list_sealing_keys, "accounts"))


class Proofs:
    """Checks outside of decisions, since it takes time, and chance where something is made."""

    def __init__(self, keyring: Keyring) -> None:
        self.sealer = make_totp_sealer(keyring)
        self._naming = keyring.derive_identity_key("sign-in")
        self._hasher = PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHING_AT_A_TIME)
        # Nobody's, so that an unknown name takes as long as a known one.
        self._decoy = make_decoy(self._hasher)

    def derive_tally_id(self, name: str, device: str = "") -> str:
        """device: of a browser that this name signed in with before, whose failures are counted
        apart: a stranger who guesses locks himself out, not the owner."""
        counted = f"N-{self._digest(name)[:24]}"
        return f"{counted}.{self._digest(device)[:24]}" if device else counted

    def _digest(self, text: str) -> str:
        return hmac.digest(self._naming, text.encode(), "sha256").hex()

    async def hash_password(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(
        self, claim: Claim, account: Account | None, now: datetime, device: str = ""
    ) -> Proof:
        """What of it is right; whether that is enough is decided."""
        # Nor does one without a password, whom the organisation's own sign-in proves.
        stored = (account.password_hash if account else "") or self._decoy
        async with self._hashing:
            fits = await asyncio.to_thread(self._verify, stored, claim.password)
        secret = self._open_totp(account) if account else None
        return Proof(
            account_id=claim.account_id,
            tally_id=self.derive_tally_id(claim.account_id, device),
            verified_hash=stored if fits and account and account.password_hash else "",
            totp_step=find_code_step(secret, claim.code, now) if secret else 0,
        )

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password[:PASSWORD_LENGTH_MAX])
        except (VerificationError, InvalidHashError):
            return False

    def _open_totp(self, account: Account) -> str | None:
        if not account.totp:
            return None
        try:
            return self.sealer.open(_name_totp(account.id), account.totp).decode()
        except UnreadableError:
            return None

    def seal_totp(self, account_id: str, secret: str) -> bytes:
        return self.sealer.seal(_name_totp(account_id), secret.encode())

    # --- enrolling: the secret waits in the form, sealed ---

    def make_enrolment(self, account_id: str) -> tuple[str, str]:
        """A secret, and the same sealed for the form."""
        secret = pyotp.random_base32()
        return secret, self.seal_enrolment(account_id, secret)

    def seal_enrolment(self, account_id: str, secret: str) -> str:
        sealed = self.sealer.seal(f"enrolment:{account_id}", secret.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def open_enrolment(self, account_id: str, text: str) -> str:
        """Raises Invalid."""
        try:
            sealed = base64.urlsafe_b64decode(text)
            return self.sealer.open(f"enrolment:{account_id}", sealed).decode()
        except (ValueError, UnreadableError):
            raise CODE_WRONG.invalid("code") from None


def make_decoy(hasher: PasswordHasher) -> str:
    """What a hash of this hasher looks like, of no password: made of chance, and in no time."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


# --- browsers that an account signed in with before ---------------------------------------------


def make_device_cookie(keys: Keys, account_id: str, now: datetime) -> str:
    """Signs nobody in: it only tells whose failures are counted where."""
    return make_cookie(keys, f"D-{account_id}:{secrets.token_hex(8)}", now + DEVICE_LASTS)


def find_device(keys: Keys, cookie: str, account_id: str, now: datetime) -> str:
    """Empty for a browser that never signed in as this account."""
    with suppress(Unauthenticated, ValueError):
        device = open_cookie(keys, cookie, now)
        if device.rpartition(":")[0] == f"D-{account_id}":
            return device
    return ""


# --- codes and passwords --------------------------------------------------------------------------


def find_code_step(secret: str, code: str, now: datetime) -> int:
    """The step that the code is of, near now; 0 if of none."""
    digits = "".join(code.split())
    at, totp = int(now.timestamp()) // STEP_S, pyotp.TOTP(secret)
    for step in range(at - STEPS_EITHER_SIDE, at + STEPS_EITHER_SIDE + 1):
        if digits and hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            return step
    return 0


def format_totp_uri(account_id: str, secret: str) -> str:
    """What an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account_id, issuer_name=ISSUER)


def check_new_password(account_id: str, password: str, again: str) -> None:
    """Raises Invalid."""
    if password != again:
        raise PASSWORDS_DIFFERENT.invalid("password_again")
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PASSWORD_SHORT.invalid("password", least=PASSWORD_LENGTH_MIN)
    folded = password.lower()
    if len(set(folded)) < 5 or account_id in folded or folded in _GUESSED_FIRST:
        raise PASSWORD_GUESSABLE.invalid("password")


_GUESSED_FIRST = frozenset(
    {
        "1234567890",
        "0123456789",
        "0987654321",
        "qwertyuiop",
        "password123",
        "1q2w3e4r5t",
        "a123456789",
    }
)


def describe_totps(sealer: Sealer) -> SealedCollection:
    """For sealing anew when the root rotates."""
    return SealedCollection(Account.COLLECTION, ("totp",), sealer, _list_totp)


def _list_totp(document: Document) -> Iterable[SealedValue]:
    value = bytes(document.get("totp", b""))
    return (SealedValue("totp", _name_totp(document["_id"]), value),) if value else ()


def _name_totp(account_id: str) -> str:
    return f"totp:{account_id}"

"""Checks TC3-HMAC-SHA256 as the real gateway does, written independently of the client's signer."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

SKEW_S_MAX = 300

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=([^/,\s]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def find_failure(
    headers: Mapping[str, str], body: bytes, accounts: Mapping[str, str], now: datetime
) -> str | None:
    """The code of what is wrong with a signed call, or None.

    headers: lower-case names. accounts: secret id -> secret key.
    """
    parts = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    timestamp = headers.get("x-tc-timestamp", "")
    if parts is None or not timestamp.isdigit() or len(timestamp) > 11:
        return "AuthFailure.InvalidAuthorization"
    secret_id, date, service, names, signature = parts.groups()
    if secret_id not in accounts:
        return "AuthFailure.SecretIdNotFound"
    if abs(now.timestamp() - int(timestamp)) > SKEW_S_MAX:
        return "AuthFailure.SignatureExpire"
    signed = names.split(";")
    if date != f"{datetime.fromtimestamp(int(timestamp), UTC):%Y-%m-%d}":
        return "AuthFailure.SignatureFailure"
    if not {"content-type", "host"} <= set(signed) or any(n not in headers for n in signed):
        return "AuthFailure.SignatureFailure"
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in signed)
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    to_sign = "\n".join(
        (
            "TC3-HMAC-SHA256",
            timestamp,
            f"{date}/{service}/tc3_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = b"TC3" + accounts[secret_id].encode()
    for step in (date, service, "tc3_request", to_sign):
        key = hmac.digest(key, step.encode(), "sha256")
    return None if hmac.compare_digest(key.hex(), signature) else "AuthFailure.SignatureFailure"

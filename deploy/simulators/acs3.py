"""Checks ACS3-HMAC-SHA256 as the real gateway does, written without a look at our signer."""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

SKEW_S_MAX = 15 * 60
NONCES_MAX = 200_000

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,\s]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})"
)
_NEEDED = frozenset(
    {"host", "x-acs-action", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
)


class Gateway:
    """accounts: key id -> key secret. Each nonce is taken once."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self._accounts = accounts
        self._nonces: OrderedDict[str, None] = OrderedDict()

    def find_failure(
        self, headers: Mapping[str, str], query: str, body: bytes, now: datetime
    ) -> str | None:
        """The code of what is wrong with a signed call, or None. headers: lower-case names."""
        parts = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if parts is None:
            return "IncompleteSignature"
        key_id, names, signature = parts.groups()
        if key_id not in self._accounts:
            return "InvalidAccessKeyId.NotFound"
        if not _is_near(headers.get("x-acs-date", ""), now):
            return "InvalidTimeStamp.Expired"
        signed = names.split(";")
        if not set(signed) >= _NEEDED or any(name not in headers for name in signed):
            return "SignatureDoesNotMatch"
        body_hash = hashlib.sha256(body).hexdigest()
        if headers.get("x-acs-content-sha256", body_hash) != body_hash:
            return "SignatureDoesNotMatch"
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(signed))
        request = f"POST\n/\n{format_canonical(query)}\n{lines}\n{names}\n{body_hash}"
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
        expected = hmac.new(self._accounts[key_id].encode(), text.encode(), hashlib.sha256)
        if not hmac.compare_digest(expected.hexdigest(), signature):
            return "SignatureDoesNotMatch"
        return self._use_nonce(headers["x-acs-signature-nonce"])

    def _use_nonce(self, nonce: str) -> str | None:
        if nonce in self._nonces:
            return "SignatureNonceUsed"
        self._nonces[nonce] = None
        if len(self._nonces) > NONCES_MAX:
            self._nonces.popitem(last=False)
        return None


def format_canonical(query: str) -> str:
    """Decoded and encoded anew, for clients differ in what they leave as it is."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs)


def _is_near(text: str, now: datetime) -> bool:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs((now - at).total_seconds()) <= SKEW_S_MAX

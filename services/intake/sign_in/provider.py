"""OpenID Connect by Authlib: authorization code with PKCE, state and nonce.

Imported only where `GUANJIA_OIDC_ISSUER` is set. What has to be known again when the browser comes
back goes with it in a sealed cookie, so that any instance of ours receives it.
"""

import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import ClientAuth
from authlib.oauth2.rfc6749.parameters import (
    parse_authorization_code_response,
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet

from services.intake.settings import IntakeSettings
from services.intake.sign_in.organisation import (
    ERRAND_LASTS,
    Departure,
    Errand,
    ProviderAway,
    Visitor,
)
from shared.documents import Document
from shared.http import CallError, FetchingClient, Reply
from shared.messaging.sealing import Sealer, UnreadableError
from shared.security import Unauthenticated

log = structlog.get_logger()

DISCOVERY_PATH = "/.well-known/openid-configuration"
SEALED_AS = "organisation-sign-in"
DESCRIPTION_LASTS = timedelta(hours=1)
DOCUMENT_BYTES_MAX = 256 * 1024
CLOCKS_DIFFER_S = 60
FORM = "application/x-www-form-urlencoded"
# By a key that the provider alone has: neither a shared secret nor nothing.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
REFUSALS = (AuthlibBaseError, JoseError, UnreadableError, ValueError, KeyError, TypeError)


_CODE = re.compile(r"[a-z_0-9]{1,40}")


class NoTokenError(ValueError):
    """The token endpoint refuses. error: as those of the libraries have one."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.error = f"status_{status}"


@dataclass(frozen=True, slots=True)
class Description:
    """What a provider says of itself: where its pages are, and the keys it signs with."""

    endpoints: Document
    keys: KeySet
    ends_at: datetime


class OpenIdProvider:
    """naming: the key of the digests that stand for people."""

    def __init__(
        self, settings: IntakeSettings, naming: bytes, sealer: Sealer, http: FetchingClient
    ) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._scope = settings.oidc_scope
        self._naming = naming
        self._sealer = sealer
        self._http = http
        self._description: Description | None = None
        secret = settings.oidc_client_secret.get_secret_value()
        method = settings.oidc_client_auth if secret else "none"
        self._proof = ClientAuth(self._client_id, secret, method)

    async def depart(self, errand: Errand, callback: str, now: datetime) -> Departure:
        description = await self._describe(now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = prepare_grant_uri(
            description.endpoints["authorization_endpoint"],
            self._client_id,
            "code",
            redirect_uri=callback,
            scope=self._scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        fields = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "back": errand.back,
            "invitation": errand.invitation,
            "ends_s": int((now + ERRAND_LASTS).timestamp()),
        }
        sealed = self._sealer.seal(SEALED_AS, json.dumps(fields).encode())
        return Departure(url, base64.urlsafe_b64encode(sealed).decode())

    async def arrive(
        self, baggage: str, query: Mapping[str, str], callback: str, now: datetime
    ) -> Visitor:
        try:
            fields = self._open(baggage, now)
            answer = parse_authorization_code_response(f"?{urlencode(query)}", fields["state"])
            token = await self._exchange(answer["code"], fields["verifier"], callback, now)
            claims = await self._read_token(token, fields["nonce"], now)
        except REFUSALS as error:
            # Which check failed is for who runs it; who stands there reads the same of each.
            log.warning("organisation_sign_in_refused", why=_name_refusal(error))
            raise Unauthenticated from None
        subject = f"{self._issuer}\n{claims['sub']}".encode()
        digest = hmac.digest(self._naming, subject, "sha256")
        errand = Errand(fields["back"], fields["invitation"])
        return Visitor(f"I-{digest.hex()[:32]}", claims, errand)

    async def find_sign_out(self, back: str, now: datetime) -> str | None:
        endpoint = (await self._describe(now)).endpoints.get("end_session_endpoint")
        if not endpoint:
            return None
        parameters = {"client_id": self._client_id, "post_logout_redirect_uri": back}
        return str(add_params_to_uri(endpoint, list(parameters.items())))

    # --- what comes back ---

    def _open(self, baggage: str, now: datetime) -> Document:
        """What this browser left with. Raises UnreadableError or ValueError."""
        fields: Document = json.loads(
            self._sealer.open(SEALED_AS, base64.urlsafe_b64decode(baggage))
        )
        if now.timestamp() >= fields["ends_s"]:
            raise ValueError("it left too long ago")
        return fields

    async def _exchange(self, code: str, verifier: str, callback: str, now: datetime) -> str:
        """The ID token for the code. Raises ProviderAway, and ValueError where there is none."""
        endpoint = (await self._describe(now)).endpoints["token_endpoint"]
        body = prepare_token_request(
            "authorization_code", redirect_uri=callback, code=code, code_verifier=verifier
        )
        headers = {"Accept": "application/json", "Content-Type": FORM}
        url, headers, body = self._proof.prepare("POST", endpoint, headers, body)
        try:
            reply = await self._http.post(url, body.encode(), headers=headers)
        except CallError as error:
            raise ProviderAway(str(error)) from None
        if not reply.is_success:
            raise NoTokenError(reply.status)
        return str(reply.json()["id_token"])

    async def _read_token(self, token: str, nonce: str, now: datetime) -> Document:
        """The claims of a token that is whole, the provider's, ours, of this sign-in, not over."""
        decoded = await self._check_signature(token, now)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": self._client_id},
        )
        claims.validate(now=int(now.timestamp()), leeway=CLOCKS_DIFFER_S)
        if not isinstance(claims["sub"], str):
            raise ValueError("sub")
        return dict(claims)

    async def _check_signature(self, token: str, now: datetime) -> jwt.Token:
        """With a look for new keys where those at hand do not fit."""
        try:
            return jwt.decode(token, (await self._describe(now)).keys, SIGNATURES)
        except (InvalidKeyIdError, BadSignatureError):
            self._description = None
            return jwt.decode(token, (await self._describe(now)).keys, SIGNATURES)

    # --- what the provider says of itself ---

    async def _describe(self, now: datetime) -> Description:
        """Read again after an hour. Raises ProviderAway, also where it is another's."""
        if self._description and now < self._description.ends_at:
            return self._description
        endpoints = await self._fetch(f"{self._issuer.rstrip('/')}{DISCOVERY_PATH}")
        if endpoints.get("issuer") != self._issuer:
            raise ProviderAway("it calls itself another issuer than GUANJIA_OIDC_ISSUER")
        missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - endpoints.keys()
        if missing:
            raise ProviderAway(f"it names no {', '.join(sorted(missing))}")
        keys = _read_keys(await self._fetch(endpoints["jwks_uri"]))
        self._description = Description(endpoints, keys, now + DESCRIPTION_LASTS)
        return self._description

    async def _fetch(self, url: str) -> Document:
        """Raises ProviderAway."""
        try:
            reply = await self._http.get(url, bytes_max=DOCUMENT_BYTES_MAX)
            return _read_document(reply)
        except (CallError, ValueError) as error:
            raise ProviderAway(f"{type(error).__name__}: {error}") from None


def _name_refusal(error: Exception) -> str:
    """Its kind and code; never what the provider wrote of it, which may name somebody."""
    code = str(getattr(error, "error", ""))
    kind = type(error).__name__
    return f"{kind} {code}" if _CODE.fullmatch(code) else kind


def _read_keys(document: Document) -> KeySet:
    """Without those of kinds that we do not know (RFC 7517, 5). Raises ProviderAway for none."""
    rows = document.get("keys")
    keys = []
    for row in rows if isinstance(rows, list) else ():
        with suppress(JoseError, ValueError, KeyError, TypeError):
            keys.append(JWKRegistry.import_key(row))
    if not keys:
        raise ProviderAway("it has no key that can be read")
    return KeySet(keys)


def _read_document(reply: Reply) -> Document:
    """Raises ValueError."""
    if not reply.is_success:
        raise ValueError(f"it answers {reply.status}")
    document = reply.json()
    if not isinstance(document, dict):
        raise ValueError("no document")
    return document

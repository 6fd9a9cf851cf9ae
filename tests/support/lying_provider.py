"""An OpenID provider on loopback that does as the test says: honest, or with one thing wrong."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.serving import serve_app


@dataclass
class LyingProvider:
    """claims: over the honest ones of the next token; None takes one out. metadata: as claims.

    key, algorithm, kid: what it signs with. other_keys: beside its own, of whatever kind.
    sends_token: whether there is an ID token at all.
    """

    now_s: int
    url: str = ""
    claims: dict[str, object] = field(default_factory=dict)
    metadata: dict[str, object] = field(default_factory=dict)
    algorithm: str = "RS256"
    kid: str = "k1"
    key: Any = None
    other_keys: list[dict[str, str]] = field(default_factory=list)
    sends_token: bool = True
    asked: dict[str, str] = field(default_factory=dict)
    own_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.describe),
                Route("/jwks", self.list_keys),
                Route("/token", self.issue, methods=["POST"]),
            ]
        )

    async def describe(self, _request: Request) -> Response:
        honest: dict[str, object] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return JSONResponse(overlay(honest, self.metadata))

    async def list_keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [*self.other_keys, self.own_key.as_dict(private=False)]})

    def change_key(self, kid: str) -> None:
        self.kid = kid
        self.own_key = RSAKey.generate_key(2048, {"kid": kid})

    async def issue(self, request: Request) -> Response:
        """Only for the secret whose hash came with the browser (PKCE)."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (challenge, "S256") != (
            self.asked["code_challenge"],
            self.asked["code_challenge_method"],
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
        return JSONResponse(token | ({"id_token": self.sign()} if self.sends_token else {}))

    def sign(self) -> str:
        honest = {
            "iss": self.url,
            "aud": self.asked["client_id"],
            "sub": "zhang-3",
            "nonce": self.asked["nonce"],
            "iat": self.now_s,
            "exp": self.now_s + 300,
        }
        header = {"alg": self.algorithm, "kid": self.kid}
        claims = overlay(honest, self.claims)
        return jwt.encode(header, claims, self.key or self.own_key, [self.algorithm])

    def visit(self, url: str) -> dict[str, str]:
        """As a browser that is sent there, signs in and is sent back with this query."""
        self.asked = {name: each[0] for name, each in parse_qs(urlsplit(url).query).items()}
        return {"code": "c", "state": self.asked["state"]}


def overlay(honest: dict[str, object], lies: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in (honest | lies).items() if value is not None}


@asynccontextmanager
async def open_lying_provider(now_s: int) -> AsyncIterator[LyingProvider]:
    provider = LyingProvider(now_s)
    async with serve_app(provider.app) as server:
        provider.url = server.url
        yield provider

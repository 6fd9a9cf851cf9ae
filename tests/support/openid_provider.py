"""A mock of an OpenID provider in a process of its own (oidc-provider-mock), and a person at it."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from deploy.local.ports import find_free_port
from tests.support.eventually import eventually


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """client_id, client_secret: as it registered us."""

    url: str
    client_id: str
    client_secret: str
    http: httpx.AsyncClient

    async def describe_person(self, subject: str, **claims: object) -> None:
        answer = await self.http.put(f"/users/{subject}", json=claims)
        answer.raise_for_status()

    async def sign_in(self, url: str, subject: str) -> str:
        """As whoever stands there: fills in the form at `url`; returns where he is sent."""
        form = await self.http.get(url)
        assert "Authorize Client" in form.text, form.text
        answer = await self.http.post(url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


@asynccontextmanager
async def open_provider(callback: str) -> AsyncIterator[OpenIdProvider]:
    """It gives codes to this address alone, and only to visits with a nonce."""
    port = find_free_port()
    with run_process(port) as process:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:

            async def answers() -> bool:
                assert process.poll() is None, "it ended"
                try:
                    return (await http.get("/jwks")).is_success
                except httpx.TransportError:
                    return False

            await eventually(answers, bool)
            client = await http.post("/oauth2/clients", json={"redirect_uris": [callback]})
            row = client.json()
            yield OpenIdProvider(url, row["client_id"], row["client_secret"], http)


@contextmanager
def run_process(port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    terms = ["--require-registration", "true", "--require-nonce", "true"]
    process = subprocess.Popen([*command, *terms], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()

"""A third party's certified OpenID provider (oidc-provider for Node), and a browser at it.

`make tools` brings it; where it is absent, tests that need it skip.
"""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from deploy.local.ports import find_free_port
from tests.support.eventually import eventually

TOOLS = Path(sys.prefix) / "tools"
NODE, PACKAGES = TOOLS / "bin" / "node", TOOLS / "oidc-provider"
PROGRAM = Path(__file__).parent / "oidc-provider" / "provider.mjs"
ACTION = re.compile(r'<form[^>]* action="([^"]+)"')
CANCEL = re.compile(r'<a href="([^"]+/abort)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
STEPS_MAX = 12
CLIENT = {"client_id": "guanjia", "client_secret": "of-the-client-and-long-enough"}


class CertifiedProvider:
    """Signs with RS256 and gives codes only to visits with PKCE, as its client registered.

    file: its settings. http: the browser of whoever stands there, with its cookies.
    """

    def __init__(self, file: Path, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.client_id, self.client_secret = CLIENT.values()
        self._file = file
        self._http = http

    def write(self, **settings: object) -> None:
        """Over what it has."""
        before = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._file.write_text(json.dumps(before | settings))

    def change_key(self, kid: str) -> None:
        """From its next start it signs with another key; kid: under which name."""
        key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        self.write(keys=[key.as_dict(private=True)])

    async def describe_person(self, subject: str, **claims: object) -> None:
        self.write(people={subject: claims})

    async def sign_in(self, url: str, subject: str) -> str:
        """Fills in whatever form it shows; returns where he is sent."""
        answer = await self._http.get(url)
        return await self._go_through(answer, {"login": subject, "password": "his"})

    async def cancel(self, url: str) -> str:
        """Turns back at the form."""
        form = await self._http.get(url, follow_redirects=True)
        link = CANCEL.search(form.text)
        assert link, form.text
        return await self._go_through(await self._http.get(link[1]), {})

    async def sign_out(self, url: str) -> str:
        return await self._go_through(await self._http.get(url), {"logout": "yes"})

    async def _go_through(self, answer: httpx.Response, fields: dict[str, str]) -> str:
        """By redirects and forms, until an address is not the provider's."""
        for _ in range(STEPS_MAX):
            if address := answer.headers.get("location"):
                if not address.startswith((self.url, "/")):
                    return str(address)
                answer = await self._http.get(address)
            else:
                form = ACTION.search(answer.text)
                assert form, f"{answer.status_code} {answer.text}"
                hidden = dict(HIDDEN.findall(answer.text))
                answer = await self._http.post(form[1], data=hidden | fields)
        raise AssertionError(f"it leads nowhere: {answer.url}")

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        with run_process(self._file) as process:

            async def answers() -> bool:
                assert process.poll() is None, "it ended"
                with suppress(httpx.TransportError):
                    return (await self._http.get("/jwks")).is_success
                return False

            await eventually(answers, bool)
            yield


@contextmanager
def run_process(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(NODE), str(PROGRAM), str(PACKAGES), str(file)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, stdin=subprocess.PIPE, **quiet) as process:
        yield process


@asynccontextmanager
async def open_certified_provider(
    folder: Path, callback: str, signed_out: str
) -> AsyncIterator[CertifiedProvider]:
    """Not running yet. callback, signed_out: the addresses of ours that it leads to."""
    if not PACKAGES.exists():
        pytest.skip("no oidc-provider: make tools")
    url = f"http://127.0.0.1:{find_free_port()}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        provider = CertifiedProvider(folder / "provider.json", url, http)
        addresses = {"redirect_uris": [callback], "post_logout_redirect_uris": [signed_out]}
        provider.write(url=url, client=CLIENT | addresses, people={})
        provider.change_key("k1")
        yield provider

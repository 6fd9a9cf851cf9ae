"""From which address a caller comes: the connection's, or the one that our own front saw.

Everybody can write `X-Forwarded-For`. It is believed of who shows the front's token beside it, and
not of an address: on one machine the front's is everybody's.
"""

import hmac
import ipaddress

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

FRONT_HEADER = "x-guanjia-front"
NETWORK_BITS = 64
"""Of an IPv6 address: what one household or one server has all of."""


class FrontAddress:
    """Puts the caller's address in the place of the front's, where the front shows its token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._token:
            address = self._read_address(scope)
            if address:
                scope = {**scope, "client": (address, 0)}
        await self._app(scope, receive, send)

    def _read_address(self, scope: Scope) -> str:
        headers = HTTPConnection(scope).headers
        token = headers.get(FRONT_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(token, self._token):
            return ""
        # The last is what the front itself saw; what stands before, its caller wrote.
        address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            return ""


def find_address(request: HTTPConnection) -> str:
    """What is counted as one caller who shows nothing else."""
    return find_address_of(request.scope)


def find_address_of(scope: Scope) -> str:
    """The same, of a request that nobody has looked at yet."""
    client = scope.get("client")
    host = client[0] if client else "unknown"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, NETWORK_BITS), strict=False))

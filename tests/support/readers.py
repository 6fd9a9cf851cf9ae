"""Somebody who reads a page of `render_for`, without a service behind it."""

from types import SimpleNamespace

from fastapi import Request

from shared.security import Credential, Role, SealingKey
from shared.security.sessions import LiveSession

LANGUAGE = "zh"
"""Of a reader who chose none; a test may set it."""


class Keys:
    """Part of a Keyring."""

    def list_sealing_keys(self, *_path: str, anew: bool = False) -> tuple[SealingKey, ...]:
        del anew
        return (SealingKey(b"", b"0" * 32),)


def make_reader(
    *roles: Role, id_: str = "s-1001", area: str = "", language: str = "", path: str = "/home"
) -> Request:
    """Signed in with these roles; without any, nobody."""
    app = SimpleNamespace(
        state=SimpleNamespace(public_scheme="http", runtime=SimpleNamespace(keyring=Keys()))
    )
    cookie = f"guanjia-language={language or LANGUAGE}".encode()
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(b"cookie", cookie), (b"accept", b"text/html")],
            "app": app,
        }
    )
    if roles:
        request.state.credential = Credential(
            id=id_, secret_sha256="", roles=frozenset(roles), area=area
        )
        request.state.session = LiveSession("S-1", id_)
    return request

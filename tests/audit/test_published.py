"""What is served of a log: compressed for who takes it, and not sent again to who has it."""

import gzip

import pytest
from fastapi import Request

from services.audit.api.published import serve

CONTENT = b'{"kind":"donation_received"}' * 100


def ask(method: str = "GET", **headers: str) -> Request:
    encoded = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "method": method, "path": "/log", "headers": encoded})


def test_entries_are_compressed_for_who_takes_it() -> None:
    answer = serve(ask(accept_encoding="br, gzip"), CONTENT, "text/plain", {})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(answer.body)) == CONTENT
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("offer", ["", "br", "gzip;q=0", "identity, gzip; q=0.0"])
def test_who_takes_no_gzip_gets_none(offer: str) -> None:
    answer = serve(ask(accept_encoding=offer), CONTENT, "text/plain", {})
    assert ("content-encoding" in answer.headers, bytes(answer.body)) == (False, CONTENT)


def test_who_has_it_is_told_so_and_sent_nothing() -> None:
    tag = serve(ask(), CONTENT, "text/plain", {}).headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        answer = serve(ask(if_none_match=known), CONTENT, "text/plain", {})
        assert (answer.status_code, answer.body) == (304, b""), known
    assert serve(ask(if_none_match='"other"'), CONTENT, "text/plain", {}).status_code == 200


def test_a_head_says_how_much_a_get_would_send() -> None:
    for offer in ("", "gzip"):
        whole = serve(ask(accept_encoding=offer), CONTENT, "text/plain", {})
        head = serve(ask("HEAD", accept_encoding=offer), CONTENT, "text/plain", {})
        assert head.body == b""
        assert head.headers["content-length"] == whole.headers["content-length"]

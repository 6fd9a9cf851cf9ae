"""What everybody may read of a log, as browsers and mirrors fetch it: compressed where that helps,
unchanged said so, and readable by a page of any origin."""

import gzip
from collections.abc import Mapping
from hashlib import sha256

from fastapi import Request, Response

WORTH_COMPRESSING = 600
"""Bytes; what is shorter gains nothing."""
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Vary": "Accept-Encoding",
}


def serve(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Public content. Without a body for HEAD, and where the caller has it already (304). Blocking:
    it may compress."""
    # Weak: compressed or not, it is the same content.
    tag = f'W/"{sha256(content).hexdigest()[:32]}"'
    sent = {**headers, **OPEN_TO_ALL, "ETag": tag}
    if _is_known(tag, request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=sent)
    if len(content) >= WORTH_COMPRESSING and _takes_gzip(request):
        compressed = gzip.compress(content, 6, mtime=0)
        if len(compressed) < len(content):
            content, sent = compressed, {**sent, "Content-Encoding": "gzip"}
    if request.method == "HEAD":
        sent["Content-Length"] = str(len(content))
        content = b""
    return Response(content, media_type=media_type, headers=sent)


def _is_known(tag: str, known_tags: str) -> bool:
    opaque = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (opaque, "*") for each in known_tags.split(","))


def _takes_gzip(request: Request) -> bool:
    """`gzip;q=0` says that it does not."""
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

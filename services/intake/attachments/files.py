"""What a file is, by its content alone. Pictures are drawn anew, so nothing that a camera wrote
beside them stays: no place, no time, no device. Blocking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import puremagic
from PIL import Image, ImageOps

from services.intake.attachments.messages import (
    FILE_EMPTY,
    FILE_KIND_UNKNOWN,
    FILE_TOO_LARGE,
    PICTURE_TOO_LARGE,
    PICTURE_UNREADABLE,
)
from shared.errors import Invalid

FILE_BYTES_MAX = 10 * 1024 * 1024
MEGABYTE = 1024 * 1024
PIXELS_MAX = 50_000_000
EDGE_MAX = 2_000
PREVIEW_EDGE = 320
QUALITY, PREVIEW_QUALITY = 82, 70
PICTURE = "image/jpeg"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# What is stored as it came, by its first bytes; whoever opens it has to save it first.
AS_THEY_ARE: Mapping[str, str] = {
    "application/pdf": "application/pdf",
    "audio/amr": "audio/amr",
    "audio/mpeg": "audio/mpeg",
    "audio/mp4": "audio/mp4",
    "audio/x-mpeg": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "application/ogg": "audio/ogg",
}
EXTENSIONS: Mapping[str, str] = {
    PICTURE: "jpg",
    "application/pdf": "pdf",
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
}


# Voices as phones record them, which puremagic does not tell from others: where, what, which.
RECORDINGS = (
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftypM4A ", "audio/mp4"),
    (0, b"ID3", "audio/mpeg"),
)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """preview: a small picture; empty where there is none."""

    media_type: str
    content: bytes = field(repr=False)
    preview: bytes = field(default=b"", repr=False)


def read_file(content: bytes) -> ReadFile:
    """As it is stored. Raises Invalid."""
    if not content:
        raise FILE_EMPTY.invalid("file")
    if len(content) > FILE_BYTES_MAX:
        raise FILE_TOO_LARGE.invalid("file", most=FILE_BYTES_MAX // MEGABYTE)
    kind = find_media_type(content)
    if kind.startswith("image/"):
        return _draw_anew(content)
    if media_type := AS_THEY_ARE.get(kind):
        return ReadFile(media_type, content)
    raise FILE_KIND_UNKNOWN.invalid("file")


def find_media_type(content: bytes) -> str:
    """Empty for what nobody knows."""
    for start, signature, media_type in RECORDINGS:
        if content.startswith(signature, start):
            return media_type
    try:
        return str(puremagic.from_string(content, mime=True))
    except (puremagic.PureError, ValueError):
        return ""


def _draw_anew(content: bytes) -> ReadFile:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as source:
            if source.width * source.height > PIXELS_MAX:
                raise PICTURE_TOO_LARGE.invalid("file", most=PIXELS_MAX // 1_000_000)
            # A JPEG is decoded at a fraction of its size where that is enough.
            source.draft("RGB", (EDGE_MAX, EDGE_MAX))
            picture = _flatten(ImageOps.exif_transpose(source))
    except Image.DecompressionBombError:
        raise PICTURE_TOO_LARGE.invalid("file", most=PIXELS_MAX // 1_000_000) from None
    except Invalid:
        raise
    except Exception as error:  # a decoder of strangers' bytes raises anything
        if "cannot identify" in str(error):
            raise FILE_KIND_UNKNOWN.invalid("file") from None
        raise PICTURE_UNREADABLE.invalid("file") from None
    preview = picture.copy()
    preview.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE))
    return ReadFile(PICTURE, _encode(picture, QUALITY), _encode(preview, PREVIEW_QUALITY))


def _flatten(source: Image.Image) -> Image.Image:
    """Points and nothing else, on white."""
    source.thumbnail((EDGE_MAX, EDGE_MAX))
    points = source.convert("RGBA")
    picture = Image.new("RGB", points.size, "white")
    picture.paste(points, mask=points.getchannel("A"))
    return picture


def _encode(picture: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


# --- the stored form: the preview before the content, so that one seal holds both ---


def join_parts(file: ReadFile) -> bytes:
    return len(file.preview).to_bytes(4, "big") + file.preview + file.content


def split_parts(stored: bytes) -> tuple[bytes, bytes]:
    """Preview and content."""
    end = 4 + int.from_bytes(stored[:4], "big")
    return stored[4:end], stored[end:]

"""From bytes to text. A stray byte stays one: it costs its row, and is never read as a letter."""

import codecs
import re
from collections.abc import Iterator

from shared.sheets.messages import ENCODING_UNKNOWN
from shared.simplified import simplify

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAMPLE_BYTES = 4096
_BAD_SHARE_MAX = 0.3
"""Of the characters beyond ASCII: with more bad ones, the file is in another encoding."""
_CHARACTERS_PER_BAD = 20
"""At least: a file that is nearly all ASCII may have a stray byte."""

_PUNCTUATION = "，。、；：？！（）《》“”‘’「」—…·　％＋－／"
_HAN = re.compile(r"[\u4e00-\u9fff]")
_COMMON_SHARE_MIN = 0.9
"""Of characters of everyday in a text that is read in its own encoding."""
_COMMON_SHARE_WRONG = 0.7
"""In another one it has fewer: of 3,000 pieces in Big5 read as GB18030 none had more than 0.59."""
_TWICE_LOST = "锟斤拷"
"""What is left of characters that went through two wrong encodings."""


def decode_text(content: bytes) -> str:
    """UTF-8, UTF-16, GB18030 or Big5. Bytes that are none become marks that `is_damaged` knows.

    Raises Invalid when no encoding fits.
    """
    if content.startswith(_UTF_16_MARKS):
        return _require(content, "utf-16")
    if encoding := _detect_utf_16(content):
        return _require(content, encoding)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    text = content.decode("utf-8-sig", errors="surrogateescape")
    if _compute_bad_share(text) <= _BAD_SHARE_MAX:
        return text
    text = content.decode(_detect_chinese(content), errors="replace")
    if _compute_bad_share(text) <= _BAD_SHARE_MAX:
        return text
    text = content.decode("utf-8-sig", errors="surrogateescape")
    if sum(map(_is_mark, text)) * _CHARACTERS_PER_BAD > len(text):
        raise ENCODING_UNKNOWN.invalid(line=_find_first_damaged_line(text))
    return text


def is_damaged(text: str) -> bool:
    """Whether it holds a byte of no encoding, or letters that were read in a wrong one."""
    if text.isascii():
        return False
    return any(_is_mark(c) for c in text) or _TWICE_LOST in text or _is_garbled(text)


def _is_garbled(text: str) -> bool:
    return any(
        len(_HAN.findall(original)) >= 2 or (wrong != "gb18030" and _HAN.search(original))
        for wrong, original in _read_again(text)
    )


def _read_again(text: str) -> Iterator[tuple[str, str]]:
    """What it would be if it were UTF-8 that somebody read in another encoding."""
    as_shown = [(text, "cp1252"), (text, "latin-1"), (text, "gb18030")]
    if " " in text:  # What came after it was a blank that does not break, and is one no more.
        as_shown += [(text.replace(" ", "\xa0"), "cp1252")]
    for letters, wrong in as_shown:
        try:
            original = letters.encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        if wrong != "gb18030" or not _is_plain_chinese(text):
            yield wrong, original


def _is_plain_chinese(text: str) -> bool:
    """Characters of everyday: what was read wrongly has some that are not."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _require(content: bytes, encoding: str) -> str:
    """A half character becomes a mark too."""
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    if _compute_bad_share(text) > _BAD_SHARE_MAX:
        raise ENCODING_UNKNOWN.invalid(line=_find_first_damaged_line(text))
    return text


def _detect_utf_16(content: bytes) -> str:
    """Half of the bytes of separators, digits and line ends are zero there."""
    sample = content[:_SAMPLE_BYTES]
    zeros = [sample[start::2].count(0) / max(len(sample) // 2, 1) for start in (0, 1)]
    if max(zeros) < 0.1 or min(zeros) > 0.02:
        return ""
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def _detect_chinese(content: bytes) -> str:
    """Big5, from Hong Kong, Macau and Taiwan, where it makes everyday characters of the bytes and
    GB18030 does not: nearly all bytes are characters in both. Where both do, it is ours."""
    shares = {
        encoding: _compute_common_share(content.decode(encoding, errors="replace"))
        for encoding in ("gb18030", "big5hkscs")
    }
    is_ours = shares["gb18030"] >= _COMMON_SHARE_WRONG or shares["big5hkscs"] < _COMMON_SHARE_MIN
    return "gb18030" if is_ours else "big5hkscs"


def _compute_common_share(text: str) -> float:
    """Of what is beyond ASCII: simplified characters of everyday, and traditional ones for them."""
    beyond = [character for character in text[:_SAMPLE_BYTES] if not character.isascii()]
    return sum(map(_is_common, beyond)) / max(len(beyond), 1)


def _is_common(character: str) -> bool:
    if not ("\u4e00" <= character <= "\u9fff" or character in _PUNCTUATION):
        return False
    return _is_plain_chinese(simplify(character))


def _is_mark(character: str) -> bool:
    return character == "\ufffd" or "\ud800" <= character <= "\udfff"


def _compute_bad_share(text: str) -> float:
    beyond = [character for character in text if not character.isascii()]
    return sum(map(_is_mark, beyond)) / max(len(beyond), 1)


def _find_first_damaged_line(text: str) -> int:
    first = next((at for at, character in enumerate(text) if _is_mark(character)), 0)
    return text.count("\n", 0, first) + 1

"""Text as people type and paste it, made equal where it means the same.

`fold_text` is for what is compared or counted: items, units, codes. `fold_word` is for the words of
forms and banks. `clean_text` is for names and `clean_lines` for prose: they keep the punctuation as
it was written.
"""

import re
import unicodedata

from pydantic import BeforeValidator

from shared.simplified import simplify

# Marks without a picture that Unicode counts as letters, signs or accents: fillers, an empty
# Braille cell, the joiner of graphemes, variation selectors.
_BLANK_LOOKING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_LINE_BLANKS = "\t\n\v\f\r\x85"
_INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cs")
_BLANKS = re.compile(r"\s+")
_BLANKS_IN_LINE = re.compile(r"[^\S\n]+")


def fold_text(text: str) -> str:
    """One width, no invisible marks, no blanks around, single blanks within. Idempotent."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    previous = None
    while text != previous:  # Taking a mark out may bring together what composes.
        previous = text
        text = clean_text(unicodedata.normalize("NFKC", text))
    return text


def fold_word(text: str) -> str:
    """Folded, without blanks, in small and simplified letters: `交易 狀態` is 交易状态."""
    return simplify(fold_text(text).casefold().replace(" ", ""))


def has_other_number(text: str) -> bool:
    """Whether it holds a figure that is no digit: folding would make 1002 of 100², 2001 of 200①."""
    return not text.isascii() and any(unicodedata.category(mark) == "No" for mark in text)


def clean_text(text: str) -> str:
    """Without invisible marks, blanks around and doubled blanks; the letters stay as they are."""
    return _BLANKS.sub(" ", drop_invisible(text)).strip()


def clean_lines(text: str) -> str:
    """As `clean_text`, line by line: prose keeps its lines."""
    lines = drop_invisible(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.strip() for line in _BLANKS_IN_LINE.sub(" ", lines).split("\n")).strip()


def drop_invisible(text: str) -> str:
    """Without control, zero-width and direction marks; blanks of every kind stay."""
    if not text.isprintable():
        text = "".join(mark for mark in text if mark in _LINE_BLANKS or not _is_control(mark))
    return text if text.isascii() else _BLANK_LOOKING.sub("", text)


def _is_control(mark: str) -> bool:
    return unicodedata.category(mark) in _INVISIBLE_CATEGORIES


def _fold_if_text(value: object) -> object:
    return fold_text(value) if isinstance(value, str) else value


def _clean_if_text(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else value


FOLDED = BeforeValidator(_fold_if_text)
"""For fields of pydantic models: `item: Annotated[str, Field(max_length=100), FOLDED]`."""


def _take_empty_as_none(value: object) -> object:
    return None if value == "" else value


EMPTY_AS_NONE = BeforeValidator(_take_empty_as_none)
"""For a field of a form that may be left empty."""

CLEANED = BeforeValidator(_clean_if_text)
"""The same for names."""

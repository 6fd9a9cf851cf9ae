"""What a spreadsheet program does to a cell, and how it is undone, refused or prevented."""

import html
import re

from shared.sheets.columns import Parse
from shared.sheets.messages import ROW_EXAMPLE, VALUE_ERROR, VALUE_REWRITTEN
from shared.text import drop_invisible, fold_text

SURE_DIGITS = 15
"""What such a program keeps of a number."""
ZEROS_BEYOND_DOUBT = 4
"""Where so many digits beyond the sure ones are all zero, they are not the bank's."""

_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "`", "＝", "＋", "－", "＠")
_TEXT_MARKS = ("'", "`")
"""Of spreadsheet programs, and of a payment channel's bills."""
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_ABBREVIATED = re.compile(r"[+-]?\d+(?:\.\d+)?E[+-]?\d+", re.IGNORECASE)
_DATE_OF_CODE = re.compile(
    r"\d{1,2}月\d{1,2}日|\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"^(?:(?:示例|样例|范例|例)[:.、]|例如|e\.?g\.)|[(\[](?:示例|样例|例)[)\]]$", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE)
_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|#{4,}"
)


def unwrap_cell(raw: str) -> str:
    """The text that is meant: without the apostrophe, or the formula, that keeps it a text, and
    without what web pages and workbooks write for a blank, a letter or an end of a line."""
    cell = drop_invisible(_unescape(raw)).strip()
    if cell.startswith(_TEXT_MARKS):
        return cell[1:].strip()
    if wrapped := _TEXT_FORMULA.fullmatch(cell):
        return wrapped[1].replace('""', '"').strip()
    return cell


def _unescape(raw: str) -> str:
    if "&" in raw and _ENTITY.search(raw):
        raw = _ENTITY.sub(lambda match: html.unescape(match.group()), raw)
    return raw.replace("_x000D_", "") if "_x000D_" in raw else raw


def guard_cell(cell: str) -> str:
    """So that a spreadsheet program shows it as text; `unwrap_cell` takes the mark off again."""
    return f"'{cell}" if cell.startswith(_GUARDED) else cell


def check_not_an_error(text: str, field: str, label: str) -> None:
    """Raises Invalid."""
    if _ERROR.fullmatch(text):
        raise VALUE_ERROR.invalid(field, label=label)


def check_not_example(text: str, field: str) -> None:
    """Of names: a template's examples are left in. Raises Invalid."""
    if _EXAMPLE.search(fold_text(text)):
        raise ROW_EXAMPLE.invalid(field)


def is_rewritten(text: str) -> bool:
    """Whether its digits are lost: 2.02601E+19, and 1月2日 where 1-2 was typed."""
    return bool(_ABBREVIATED.fullmatch(text) or _DATE_OF_CODE.fullmatch(text)) or (
        count_doubtful_zeros(text) >= ZEROS_BEYOND_DOUBT
    )


def count_doubtful_zeros(text: str) -> int:
    """How many digits follow the sure ones, if all of them are zero."""
    beyond = text[SURE_DIGITS:] if text.isascii() and text.isdigit() else ""
    return len(beyond) if not beyond.strip("0") else 0


def parse_folded(text: str, _: str) -> str:
    """Of items and units."""
    return fold_text(text)


def make_code_parser(label: str) -> Parse:
    """Of numbers that are names: references, codes, ids."""

    def parse_code(text: str, field: str) -> str:
        code = fold_text(text)
        if is_rewritten(code):
            raise VALUE_REWRITTEN.invalid(field, label=label)
        return code

    return parse_code

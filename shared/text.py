"""Text as people type and paste it, made equal where it means the same.

`fold_text` is for what is compared or counted: items, units, codes. `fold_word` is for the words of
forms and banks. `clean_text` is for names and `clean_lines` for prose: they keep the punctuation as
it was written.
"""

import re
import unicodedata

from pydantic import BeforeValidator

# Marks without a picture that Unicode counts as letters, signs or accents: fillers, an empty
# Braille cell, the joiner of graphemes, variation selectors.
_BLANK_LOOKING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# Of the words that stand in forms and bank files: Hong Kong's and Macau's are in these letters.
_SIMPLIFIED = str.maketrans(
    "幣貨類種別貸狀態關閉敗銷撤匯帳賬號戶額數時間據單證憑業務處進備註記錄稱內編電話機鎮街費結餘對會"
    "總計項備應實際開發現轉來衝沖還廢棄歸屬區縣鄉聯繫諉訴願親屬難殘疾齡獨兒學醫療領贈給與認購捐資產請銀網員萬億",
    "币货类种别贷状态关闭败销撤汇账账号户额数时间据单证凭业务处进备注记录称内编电话机镇街费结余对会"
    "总计项备应实际开发现转来冲冲还废弃归属区县乡联系诿诉愿亲属难残疾龄独儿学医疗领赠给与认购捐资产请银网员万亿",
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
    return fold_text(text).casefold().replace(" ", "").translate(_SIMPLIFIED)


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

CLEANED = BeforeValidator(_clean_if_text)
"""The same for names."""

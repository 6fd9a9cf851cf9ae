"""Phone numbers as people write them, as E.164."""

import re

from pydantic import BeforeValidator

from shared.errors import Invalid, InvalidValueError
from shared.messages import (
    PHONE_ABBREVIATED,
    PHONE_BESIDE,
    PHONE_FIXED,
    PHONE_FOREIGN,
    PHONE_MASKED,
    PHONE_SEVERAL,
    PHONE_WRONG,
)
from shared.text import fold_text, has_other_number

CHINA_PREFIX = "+86"
PHONE_CODES = frozenset(
    message.code
    for message in (
        PHONE_ABBREVIATED,
        PHONE_BESIDE,
        PHONE_FIXED,
        PHONE_FOREIGN,
        PHONE_MASKED,
        PHONE_SEVERAL,
        PHONE_WRONG,
    )
)
UNREACHABLE_CODES = frozenset({PHONE_FIXED.code, PHONE_FOREIGN.code, PHONE_MASKED.code})
"""Of numbers that are somebody's, yet not to be reached by SMS."""

# Dialled before a number for a cheaper call, and saved with it.
_DIAL_PREFIX = re.compile(r"^(?:17951|17911|17909|17900|17910|17969|11808|12593|10193)(?=1\d{10}$)")
_LABEL = re.compile(
    r"^(?:(?:本人|联系)?手机号?码?|(?:本人|联系|家庭)?电话号?码?|固话|座机|宅电|tel|mobile|phone|微信同号|同微信)\s*[:.]?\s*",
    re.IGNORECASE,
)
_OWN = re.compile(r"[\s(\[]*(?:本人|微信同号|同微信|微信|手机)[)\]]*$")
"""Whose it is, where that changes nothing; 13800138000(儿子) is another matter."""
_QUOTES = re.compile(r"""^=?["'](.+?)["']?$""")
_BESIDE = re.compile(r"[^\W\d_].*(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)1[3-9]\d{9}(?!\d).*[^\W\d_]")
_SEPARATORS = re.compile(r"[\s()\[\].·・\u2010-\u2015\u2212\-]")
_ABBREVIATED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_DECIMALS = re.compile(r"(?<=\d{11})\.0+$")
_GROUPED = re.compile(r"\d{2}(?:,\d{3}){3}")
"""As a spreadsheet program shows a number."""
_SEVERAL = re.compile(r"1[3-9]\d{9}\D+1[3-9]\d{9}")
_MASK = re.compile(r"[*x×●•#]{2,}", re.IGNORECASE)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_CHINESE = re.compile(r"(?:\+?86|0086|0(?=1[3-9]\d{9}$))?(\d{1,12})")
_STORED = re.compile(r"\+861[0-9]{10}")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{5,14}")
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|-|,)\s*\d{1,6}$", re.IGNORECASE)
_FIXED = re.compile(
    r"(?:(?:\+86|0086|86)0?|0)[1-9]\d{1,2}[2-8]\d{6,7}|769[2-8]\d{7}|[2-8]\d{6,7}|[48]00\d{7}"
)
"""769: of Dongguan, where a spreadsheet program took the zero."""


def parse_phone(text: str, field: str = "phone") -> str:
    """E.164: a mobile number of the mainland, or one of elsewhere that names its country code.

    Raises Invalid.
    """
    folded = _QUOTES.sub(r"\1", fold_text(text))
    folded = _OWN.sub("", _LABEL.sub("", folded)).rstrip(",;、")
    if has_other_number(text):
        raise PHONE_WRONG.invalid(field)
    if _GROUPED.fullmatch(folded):
        folded = folded.replace(",", "")
    if _ABBREVIATED.fullmatch(folded):
        raise PHONE_ABBREVIATED.invalid(field)
    if _MASK.search(folded):
        raise PHONE_MASKED.invalid(field)
    plain = _SEPARATORS.sub("", _DECIMALS.sub("", folded))
    if _SEVERAL.search(folded) or _SEVERAL.search(plain):
        raise PHONE_SEVERAL.invalid(field)
    plain = _DIAL_PREFIX.sub("", plain)
    if re.match(r"00[1-9]", plain):
        plain = f"+{plain[2:]}"
    chinese = _CHINESE.fullmatch(plain)
    if chinese and _MOBILE.fullmatch(chinese[1]):
        return CHINA_PREFIX + chinese[1]
    if plain.startswith("+") and not plain.startswith(CHINA_PREFIX):
        return _parse_foreign(plain, field)
    without_extension = _SEPARATORS.sub("", _EXTENSION.sub("", folded))
    if _FIXED.fullmatch(plain) or _FIXED.fullmatch(without_extension):
        raise PHONE_FIXED.invalid(field)
    wrong = PHONE_BESIDE if _BESIDE.search(folded) else PHONE_WRONG
    raise wrong.invalid(field)


def parse_mobile(text: str, field: str = "phone") -> str:
    """+86 and 11 digits: what can be stored and reached by SMS. Raises Invalid."""
    phone = parse_phone(text, field)
    if not phone.startswith(CHINA_PREFIX):
        raise PHONE_FOREIGN.invalid(field)
    return phone


def _parse_foreign(plain: str, field: str) -> str:
    import phonenumbers  # an auditor's machine does not have it

    if not _INTERNATIONAL.fullmatch(plain):
        raise PHONE_WRONG.invalid(field)
    try:
        number = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        raise PHONE_WRONG.invalid(field) from None
    if not phonenumbers.is_valid_number(number):
        raise PHONE_WRONG.invalid(field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read_if_text(value: object) -> object:
    if not isinstance(value, str) or _STORED.fullmatch(value):
        return value
    try:
        return parse_mobile(value)
    except Invalid as error:
        raise InvalidValueError(error.problems[0]) from None


MOBILE = BeforeValidator(_read_if_text)
"""For fields of pydantic models that are stored as +86 and 11 digits, however they are written."""

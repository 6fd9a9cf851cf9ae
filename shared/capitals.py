"""Sums in capitals (大写), as receipts and invoices in Chinese state them beside the figures."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_TENS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_GROUP = 10_000


def format_capitals(amount_fen: int) -> str:
    """100050 is 壹仟元伍角整. ValueError below zero, and from 10^16 yuan on."""
    if not 0 <= amount_fen < 100 * _GROUP ** len(_GROUPS):
        raise ValueError("a sum in capitals is from 0 to below 10^16 yuan")
    yuan, rest = divmod(amount_fen, 100)
    jiao, fen = divmod(rest, 10)
    whole = f"{_format_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{whole or '零元'}整"
    gap = "零" if yuan and (not jiao or not yuan % 10) else ""
    parts = (f"{_DIGITS[jiao]}角" if jiao else "", f"{_DIGITS[fen]}分" if fen else "整")
    return f"{whole}{gap}{''.join(parts)}"


def _format_whole(yuan: int) -> str:
    text, groups = "", []
    while yuan:
        yuan, group = divmod(yuan, _GROUP)
        groups.append(group)
    for power in reversed(range(len(groups))):
        group = groups[power]
        if group:
            gap = "零" if text and (group < _GROUP // 10 or not groups[power + 1] % 10) else ""
            text += f"{gap}{_format_group(group)}{_GROUPS[power]}"
    return text


def _format_group(group: int) -> str:
    """Below 10,000; zeros between figures are one 零, at the end none."""
    text = ""
    for power in reversed(range(len(_TENS))):
        digit = group // 10**power % 10
        if digit:
            text += f"{_DIGITS[digit]}{_TENS[power]}"
        elif text and group % 10**power and not text.endswith("零"):
            text += "零"
    return text

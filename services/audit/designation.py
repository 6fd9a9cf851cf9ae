"""What a giver wrote a gift is for, as parts: 指定武汉300万元、宜昌200万元.

Each part has a place (武汉, 武汉协和医院), a purpose (疫情防控), or both, and perhaps its amount.
What is not understood is kept as it was written. The text may be personal, and so may its parts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.audit.naming import directs_money, parse_name, strip_leads
from shared.errors import Invalid
from shared.money import NUMBER, parse_amount
from shared.text import fold_text

Kind = Literal["none", "unparsed", "whole", "split", "share", "exceeds"]

_AMOUNT = re.compile(
    rf"(?P<each>各自?|均|每[家个])?(?P<amount>(?:{NUMBER})(?:(?:百万|[百千万亿])元?|元))整?"
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_CLAUSES = re.compile(r"[,;。]|(?<!单位):")
_CLAUSES_OF_EACH = re.compile(r"[;。:]")
_LISTED = re.compile(r"[、,和及与]")
_EDGES = " 、,;。:"
_OTHERWISE = re.compile(r"已|除外|不")


@dataclass(frozen=True, slots=True)
class DesignationPart:
    """amount_fen: None when it names none. within: the place whose share this is a part of."""

    place: str
    purpose: str
    amount_fen: int | None = None
    within: str = ""


@dataclass(frozen=True, slots=True)
class Designation:
    parts: tuple[DesignationPart, ...] = ()
    unparsed: tuple[str, ...] = ()

    @property
    def named_fen(self) -> int:
        """What its parts ask for together; a share within a part is counted with that part."""
        return sum(part.amount_fen or 0 for part in self.parts if not part.within)

    def classify(self, gift_fen: int) -> Kind:
        """whole: all of it for this. split: its parts make up the gift. share: some is left free.
        exceeds: more than was given, so that somebody must ask."""
        if not self.parts:
            return "unparsed" if self.unparsed else "none"
        if self.named_fen == 0:
            return "whole"
        if self.named_fen == gift_fen:
            return "split"
        return "share" if self.named_fen < gift_fen else "exceeds"


def parse_designation(text: str) -> Designation:
    """Never raises: what it does not understand is `unparsed`."""
    text = fold_text(text).strip(_EDGES)
    if not text:
        return Designation()
    # 武汉已单独捐: what it says of a place is not that the money is for it.
    designation = Designation() if _OTHERWISE.search(text) else _parse(text)
    return designation if designation.parts else Designation(unparsed=(text,))


def _parse(text: str) -> Designation:
    if _find_amounts(text):
        return _parse_amounts(text)
    inner = [match.group(1) for match in _BRACKETS.finditer(text)]
    return _parse_whole(_BRACKETS.sub("", text), inner)


def _parse_whole(text: str, inner: Sequence[str]) -> Designation:
    """The first clause that names a place says where; the others say what for."""
    clauses = [parse_name(clause) for clause in _CLAUSES.split(text) if strip_leads(clause)]
    place = next((clause.place for clause in clauses if clause.place), "")
    purposes = [clause.purpose for clause in clauses if clause.purpose]
    rest = tuple(text for each in clauses for text in (each.giver, each.rest) if text)
    if not place and not purposes:
        return Designation(unparsed=rest)
    return Designation((DesignationPart(place, "，".join([*purposes, *inner])),), rest)


# --- amounts to several -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Share:
    """names: what stands beside the amount. each: whether every one of them gets so much."""

    names: str
    amount_fen: int
    each: bool


def _parse_amounts(text: str) -> Designation:
    shares, tail = _split_shares(text)
    is_sure = directs_money(text)
    designations = [_parse_share(share, is_sure=is_sure) for share in shares]
    parts = tuple(part for each in designations for part in each.parts)
    unparsed = [rest for each in designations for rest in each.unparsed]
    unparsed += [strip_leads(tail)] if tail else []
    return Designation(parts, tuple(rest for rest in unparsed if rest))


def _split_shares(text: str) -> tuple[list[_Share], str]:
    """Amounts stand after their names, or before them when the text begins with one."""
    amounts = _find_amounts(text)
    starts, ends = [match.start() for match in amounts], [match.end() for match in amounts]
    if strip_leads(text[: starts[0]]):
        # A bracket after the amount belongs to it: 黄冈500万元(其中黄梅200万元).
        ends = [_skip_bracket(text, end) for end in ends]
        names = [text[a:b] for a, b in zip([0, *ends[:-1]], starts, strict=True)]
        names = [n + text[m.end() : e] for n, m, e in zip(names, amounts, ends, strict=True)]
        tail = text[ends[-1] :]
    else:
        names = [text[a:b] for a, b in zip(ends, [*starts[1:], len(text)], strict=True)]
        tail = ""
    shares = [
        _Share(name, _parse_fen(match["amount"]), bool(match["each"]))
        for match, name in zip(amounts, names, strict=True)
    ]
    return shares, tail


def _find_amounts(text: str) -> list[re.Match[str]]:
    """Those outside brackets."""
    brackets = [range(*bracket.span()) for bracket in _BRACKETS.finditer(text)]
    amounts = _AMOUNT.finditer(text)
    return [each for each in amounts if not any(each.start() in span for span in brackets)]


def _skip_bracket(text: str, at: int) -> int:
    bracket = _BRACKETS.match(text, at)
    return bracket.end() if bracket else at


def _parse_fen(amount: str) -> int:
    """Of an amount that was found as one; 0 where it is beyond counting."""
    try:
        return parse_amount(amount)
    except Invalid:
        return 0


def _parse_share(share: _Share, *, is_sure: bool) -> Designation:
    """is_sure: the text says somewhere that it directs money, so any name is taken for a place."""
    inner = [match.group(1) for match in _BRACKETS.finditer(share.names)]
    text = _BRACKETS.sub("", share.names)
    clauses = [
        c for c in (_CLAUSES_OF_EACH if share.each else _CLAUSES).split(text) if strip_leads(c)
    ]
    if not clauses or not share.amount_fen:
        return Designation(unparsed=tuple(filter(None, (share.names.strip(_EDGES),))))
    *earlier, last = clauses
    names = [n for n in _LISTED.split(last) if strip_leads(n)] if share.each else [last]
    parts, unparsed = [], [strip_leads(clause) for clause in earlier]
    for name in names:
        naming = parse_name(name)
        if not naming.is_understood and not is_sure:
            unparsed.append(name.strip(_EDGES))
            continue
        place = naming.place if naming.is_understood else naming.rest
        unparsed += [t for t in (naming.giver, naming.rest) if t and t != place]
        parts.append(DesignationPart(place, naming.purpose, share.amount_fen))
    parts += [part for text in inner for part in _parse_within(text, parts)]
    return Designation(tuple(parts), tuple(unparsed))


def _parse_within(text: str, parts: Sequence[DesignationPart]) -> list[DesignationPart]:
    """黄冈500万元（其中黄梅200万元）: 黄梅's is a part of 黄冈's."""
    if not parts or not _find_amounts(text):
        return []
    return [replace(part, within=parts[-1].place) for part in _parse_amounts(text).parts]

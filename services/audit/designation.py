"""What a giver wrote a gift is for, as parts: 指定武汉300万元、宜昌200万元.

Each part has a place (武汉, 武汉协和医院), a purpose (疫情防控), or both, and perhaps its amount.
What is not understood is kept as it was written. The text may be personal, and so may its parts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.audit.naming import bare, directs, named
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
class Part:
    """amount_fen: None when it names none. within: the place whose share this is a part of."""

    place: str
    purpose: str
    amount_fen: int | None = None
    within: str = ""


@dataclass(frozen=True, slots=True)
class Designation:
    parts: tuple[Part, ...] = ()
    unparsed: tuple[str, ...] = ()

    @property
    def named_fen(self) -> int:
        """What its parts ask for together; a share within a part is counted with that part."""
        return sum(part.amount_fen or 0 for part in self.parts if not part.within)

    def kind(self, gift_fen: int) -> Kind:
        """whole: all of it for this. split: its parts make up the gift. share: some is left free.
        exceeds: more than was given, so that somebody must ask."""
        if not self.parts:
            return "unparsed" if self.unparsed else "none"
        if self.named_fen == 0:
            return "whole"
        if self.named_fen == gift_fen:
            return "split"
        return "share" if self.named_fen < gift_fen else "exceeds"


def parse(text: str) -> Designation:
    """Never raises: what it does not understand is `unparsed`."""
    said = fold_text(text).strip(_EDGES)
    if not said:
        return Designation()
    # 武汉已单独捐: what it says of a place is not that the money is for it.
    found = Designation() if _OTHERWISE.search(said) else _parse(said)
    return found if found.parts else Designation(unparsed=(said,))


def _parse(said: str) -> Designation:
    if _amounts(said):
        return _split(said)
    inner = [match.group(1) for match in _BRACKETS.finditer(said)]
    return _whole(_BRACKETS.sub("", said), inner)


def _whole(said: str, inner: Sequence[str]) -> Designation:
    """The first clause that names a place says where; the others say what for."""
    clauses = [named(clause) for clause in _CLAUSES.split(said) if bare(clause)]
    place = next((clause.place for clause in clauses if clause.place), "")
    purposes = [clause.purpose for clause in clauses if clause.purpose]
    rest = tuple(text for each in clauses for text in (each.giver, each.rest) if text)
    if not place and not purposes:
        return Designation(unparsed=rest)
    return Designation((Part(place, "，".join([*purposes, *inner])),), rest)


# --- amounts to several -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Share:
    """names: what stands beside the amount. each: whether every one of them gets so much."""

    names: str
    amount_fen: int
    each: bool


def _split(said: str) -> Designation:
    shares, tail = _shares(said)
    sure = directs(said)
    found = [_parts_of(share, sure=sure) for share in shares]
    parts = tuple(part for each in found for part in each.parts)
    unparsed = [text for each in found for text in each.unparsed] + ([bare(tail)] if tail else [])
    return Designation(parts, tuple(text for text in unparsed if text))


def _shares(said: str) -> tuple[list[_Share], str]:
    """Amounts stand after their names, or before them when the text begins with one."""
    amounts = _amounts(said)
    starts, ends = [found.start() for found in amounts], [found.end() for found in amounts]
    if bare(said[: starts[0]]):
        # A bracket after the amount belongs to it: 黄冈500万元(其中黄梅200万元).
        ends = [_after_bracket(said, end) for end in ends]
        texts = [said[a:b] for a, b in zip([0, *ends[:-1]], starts, strict=True)]
        texts = [t + said[f.end() : e] for t, f, e in zip(texts, amounts, ends, strict=True)]
        tail = said[ends[-1] :]
    else:
        texts = [said[a:b] for a, b in zip(ends, [*starts[1:], len(said)], strict=True)]
        tail = ""
    read = zip(amounts, texts, strict=True)
    return [_Share(text, _fen(found["amount"]), bool(found["each"])) for found, text in read], tail


def _amounts(said: str) -> list[re.Match[str]]:
    """Those outside brackets."""
    inside = [range(*bracket.span()) for bracket in _BRACKETS.finditer(said)]
    found = _AMOUNT.finditer(said)
    return [each for each in found if not any(each.start() in span for span in inside)]


def _after_bracket(said: str, at: int) -> int:
    found = _BRACKETS.match(said, at)
    return found.end() if found else at


def _fen(amount: str) -> int:
    """Of an amount that was found as one; 0 where it is beyond counting."""
    try:
        return parse_amount(amount)
    except Invalid:
        return 0


def _parts_of(share: _Share, *, sure: bool) -> Designation:
    """sure: the text says somewhere that it directs money, so any name is taken for a place."""
    inner = [match.group(1) for match in _BRACKETS.finditer(share.names)]
    text = _BRACKETS.sub("", share.names)
    clauses = [c for c in (_CLAUSES_OF_EACH if share.each else _CLAUSES).split(text) if bare(c)]
    if not clauses or not share.amount_fen:
        return Designation(unparsed=tuple(filter(None, (share.names.strip(_EDGES),))))
    *earlier, last = clauses
    names = [n for n in _LISTED.split(last) if bare(n)] if share.each else [last]
    parts, unparsed = [], [bare(clause) for clause in earlier]
    for name in names:
        found = named(name)
        if not found.understood and not sure:
            unparsed.append(name.strip(_EDGES))
            continue
        place = found.place if found.understood else found.rest
        unparsed += [t for t in (found.giver, found.rest) if t and t != place]
        parts.append(Part(place, found.purpose, share.amount_fen))
    parts += [part for text in inner for part in _within(text, parts)]
    return Designation(tuple(parts), tuple(unparsed))


def _within(text: str, parts: Sequence[Part]) -> list[Part]:
    """黄冈500万元（其中黄梅200万元）: 黄梅's is a part of 黄冈's."""
    if not parts or not _amounts(text):
        return []
    return [replace(part, within=parts[-1].place) for part in _split(text).parts]

